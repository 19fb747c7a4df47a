package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Selecting against sorting. */
class SelectorTest {

    private static void check(double[] values, int k, boolean largest) {
        int[] order = new Selector(values, largest).select(k);
        double[] front = new double[k];
        for (int i = 0; i < k; i++) {
            front[i] = values[order[i]];
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted); // NaN last, as the largest
        int from = largest ? values.length - k : 0;
        Arrays.sort(front);
        assertArrayEquals(Arrays.copyOfRange(sorted, from, from + k), front);
        int[] all = order.clone();
        Arrays.sort(all);
        for (int i = 0; i < all.length; i++) {
            assertEquals(i, all[i]);
        }
    }

    @Property
    void theFrontHoldsTheFirst(
            @ForAll @IntRange(min = 1, max = 200) int n,
            @ForAll long seed,
            @ForAll boolean largest) {
        Random random = new Random(seed);
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextInt(10) == 0 ? Double.NaN : random.nextInt(n);
        }
        check(values, random.nextInt(n + 1), largest);
    }

    @Test
    void rowsThatDefeatThePivotStillTakeLittleTime() {
        int n = 40_000;
        double[] values = new double[n];
        // Musser's sequence, in which every median of three is next to an end.
        int half = n / 2;
        for (int i = 0; i < half; i++) {
            values[i] = i % 2 == 0 ? i + 1 : half + i + (half % 2 == 0 ? 0 : 1);
            values[half + i] = 2 * (i + 1);
        }
        assertTimeout(Duration.ofSeconds(5), () -> check(values, half, false));
        assertTimeout(Duration.ofSeconds(5), () -> check(values, half, true));
    }
}
