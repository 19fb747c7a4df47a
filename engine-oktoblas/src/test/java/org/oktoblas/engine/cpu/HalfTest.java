package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
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
    void manyAtATimeAreAsSingleOnes() {
        short[] all = everyShort();
        float[] decoded = new float[all.length + 1];
        HalfArrays.load(HalfArrays::fromFloat16, ShortBuffer.wrap(all), 0, decoded, 1, all.length);
        float[] brain = new float[all.length];
        HalfArrays.load(HalfArrays::fromBfloat16, ShortBuffer.wrap(all), 0, brain, 0, all.length);
        for (int i = 0; i < all.length; i++) {
            assertEquals(Half.fromFloat16(all[i]), decoded[i + 1]);
            assertEquals(Half.fromBfloat16(all[i]), brain[i]);
        }

        float[] values = hardToRound();
        short[] encoded = new short[values.length];
        HalfArrays.store(
                HalfArrays::toFloat16, ShortBuffer.wrap(encoded), 0, values, 0, values.length);
        assertFloat16(values, encoded);
        HalfArrays.store(
                HalfArrays::toBfloat16, ShortBuffer.wrap(encoded), 0, values, 0, values.length);
        for (int i = 0; i < values.length; i++) {
            assertEquals(Half.toBfloat16(values[i]), encoded[i]);
        }
    }

    @Test
    void javasOwnConversionsAreTheSame() {
        assumeTrue(JavaFloat16.isThere(), "this Java has no conversions of float16");
        short[] all = everyShort();
        float[] decoded = new float[all.length + 1];
        JavaFloat16.load(ShortBuffer.wrap(all), 0, decoded, 1, all.length);
        for (int i = 0; i < all.length; i++) {
            assertEquals(Half.fromFloat16(all[i]), decoded[i + 1]);
        }

        float[] values = hardToRound();
        short[] encoded = new short[values.length];
        JavaFloat16.store(ShortBuffer.wrap(encoded), 0, values, 0, values.length);
        assertFloat16(values, encoded);
    }

    @Test
    void pairsAreAsSingleOnes() {
        float[] values = hardToRound();
        // A stretch where nearly all are normal, as most numbers are, and zeros.
        Random random = new Random(3);
        for (int i = 0; i < values.length / 2; i++) {
            values[i] = random.nextInt(1000) == 0 ? values[i] : (float) random.nextGaussian();
            values[i] = random.nextInt(10) == 0 ? -0f : values[i];
        }
        short[] encoded = new short[values.length];
        ByteBuffer floats = direct(512 * Float.BYTES);
        ByteBuffer halves = direct(512 * Short.BYTES);
        long[] pairs = new long[256];
        for (int start = 0; start < values.length; start += 512) {
            floats.asFloatBuffer().put(values, start, 512);
            floats.asLongBuffer().get(pairs);
            Float16Pairs.store(pairs, halves.asIntBuffer());
            halves.asShortBuffer().get(encoded, start, 512);
        }
        assertFloat16(values, encoded);
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    private static short[] everyShort() {
        short[] all = new short[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (short) i;
        }
        return all;
    }

    /** All exponents, and numbers between two halves, at their middle and next to it. */
    private static float[] hardToRound() {
        Random random = new Random(2);
        float[] values = new float[1 << 20];
        for (int i = 0; i < values.length; i++) {
            int bits = random.nextInt();
            if (i % 2 == 0) {
                int middle = random.nextBoolean() ? 0x8000 : 0x1000;
                bits = (bits & 0xffff0000 | middle) + random.nextInt(3) - 1;
            }
            if (i % 8 < 4) {
                bits = bits & 0x8fffffff | 0x38000000 + (random.nextInt(3) - 1 << 27);
            }
            values[i] = Float.intBitsToFloat(bits);
        }
        return values;
    }

    private static void assertFloat16(float[] values, short[] encoded) {
        for (int i = 0; i < values.length; i++) {
            // Compared as numbers, of which zeros have signs: NaN may be any.
            float value = values[i];
            assertEquals(
                    Half.fromFloat16(Half.toFloat16(value)),
                    Half.fromFloat16(encoded[i]),
                    () -> "" + value);
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
