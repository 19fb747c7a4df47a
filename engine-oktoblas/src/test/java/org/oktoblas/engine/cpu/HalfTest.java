package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.TestTensors;

/** 16-bit conversions against their definitions. */
class HalfTest {

    @Test
    void everyFloat16IsExactAndSurvivesTheWayBack() {
        for (int i = 0; i < 1 << 16; i++) {
            short half = (short) i;
            float value = Half.fromFloat16(half);
            assertEquals((float) TestTensors.float16(half), value, () -> "bits " + half);
            if (value == value) {
                assertEquals(half, Half.toFloat16(value));
            }
        }
    }

    @Test
    void everyBfloat16SurvivesTheWayBack() {
        for (int i = 0; i < 1 << 16; i++) {
            short half = (short) i;
            float value = Half.fromBfloat16(half);
            if (value == value) {
                assertEquals(half, Half.toBfloat16(value));
            }
        }
        assertEquals(Float.NaN, Half.fromBfloat16(Half.toBfloat16(Float.NaN)));
        assertEquals(Float.NaN, Half.fromFloat16(Half.toFloat16(Float.NaN)));
    }

    @Test
    void roundsToTheNearestTiesToEven() {
        Random random = new Random(1);
        for (int i = 0; i < 2_000_000; i++) {
            // All exponents, and often exactly between two halves.
            int bits = random.nextInt();
            if (i % 2 == 0) {
                bits = bits & 0xffff0000 | (random.nextBoolean() ? 0x8000 : 0x1000);
            }
            float value = Float.intBitsToFloat(bits);
            if (value == value) {
                assertEquals(TestTensors.float16(value), Half.toFloat16(value), () -> "" + value);
                assertEquals(TestTensors.bfloat16(value), Half.toBfloat16(value), () -> "" + value);
            }
        }
    }
}
