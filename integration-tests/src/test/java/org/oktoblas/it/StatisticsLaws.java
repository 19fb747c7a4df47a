package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Medians, percentiles, distinct elements, differences and masks of sequences. */
abstract class StatisticsLaws extends Definitions {

    StatisticsLaws(Target ours) {
        super(ours);
    }

    private static final int[] NONE = {};

    @TestFactory
    List<DynamicTest> medians() {
        for (DataType type : TYPES) {
            if (type != DataType.BOOLEAN) {
                test("median of " + type, m -> typed(m, type, 5, 6).median());
            }
        }
        for (int axis = -3; axis < 3; axis++) {
            int along = axis;
            test("median axis " + along, m -> floats(m, 4, 5, 6).median(new int[] {along}));
            for (Number p : new Number[] {0, 10, 33.3f, 50.0, 99, 100}) {
                test(
                        "percentile " + p + " axis " + along,
                        m -> floats(m, 4, 5, 6).percentile(p, new int[] {along}));
            }
        }
        test("median of one", m -> floats(m, 1).median());
        test("median of a scalar", m -> m.create(3f).median());
        test("median of a view", m -> floats(m, 6, 5).transpose().get("::2").median());
        test("median with NaN", m -> special(m).reshape(2, 3).median());
        test("percentile", m -> floats(m, 4, 11).percentile(25));
        test(
                "percentile of FLOAT64",
                m -> floats(m, 11).toType(DataType.FLOAT64, false).percentile(30));
        test(
                "percentile with NaN",
                m ->
                        m.create(new float[] {1, Float.NaN, 3, 1, 2, 3}, new Shape(2, 3))
                                .percentile(50));
        test("percentile of a scalar", m -> m.create(3f).percentile(30));
        double[] values = {9, 1, 8, 2, 7, 3, 6, 4, 5, 0};
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        for (double p : new double[] {0, 5, 12.5, 50, 77, 100}) {
            double rank = p / 100 * 9;
            int low = (int) rank;
            double expected =
                    sorted[low] + (rank - low) * (sorted[Math.min(9, low + 1)] - sorted[low]);
            defined(
                    "percentile " + p + " of all",
                    m -> m.create(values, new Shape(2, 5)).percentile(p, NONE),
                    DataType.FLOAT64,
                    new Shape(),
                    expected);
            defined(
                    "percentile " + p + " of axes",
                    m -> m.create(values, new Shape(1, 2, 5)).percentile(p, new int[] {-1, 1}),
                    DataType.FLOAT64,
                    new Shape(1),
                    expected);
            defined(
                    "percentile " + p + " of integers",
                    m -> m.create(values).toType(DataType.INT32, false).percentile(p),
                    DataType.FLOAT32,
                    new Shape(),
                    expected);
        }
        defined(
                "median of all",
                m -> m.create(values, new Shape(2, 5)).median(NONE),
                DataType.FLOAT64,
                new Shape(),
                4);
        defined(
                "median of axes",
                m -> m.create(values, new Shape(2, 1, 5)).median(new int[] {0, 2}),
                DataType.FLOAT64,
                new Shape(1),
                4);
        refused(
                "percentile 101",
                IllegalArgumentException.class,
                "0 to 100",
                m -> floats(m, 3).percentile(101));
        refused(
                "percentile NaN",
                IllegalArgumentException.class,
                "0 to 100",
                m -> floats(m, 3).percentile(Float.NaN));
        refused(
                "the median of nothing",
                IllegalArgumentException.class,
                "no median",
                m -> floats(m, 3, 0).median());
        return tests;
    }

    @TestFactory
    List<DynamicTest> distinct() {
        for (boolean inverse : new boolean[] {false, true}) {
            for (boolean counts : new boolean[] {false, true}) {
                String wanted = " inverse " + inverse + " counts " + counts;
                for (DataType type : TYPES) {
                    lists(
                            "unique of " + type + wanted,
                            m -> typed(m, type, 4, 5).unique(true, inverse, counts));
                    lists(
                            "unique slices of " + type + wanted,
                            m -> typed(m, type, 9, 1, 2).unique(0, true, inverse, counts));
                }
                lists(
                        "unique of a view" + wanted,
                        m ->
                                integers(m, 4, 6, 5)
                                        .transpose()
                                        .get("::2")
                                        .unique(true, inverse, counts));
                lists("unique of one" + wanted, m -> m.create(7f).unique(true, inverse, counts));
                lists("unique of none" + wanted, m -> floats(m, 0).unique(true, inverse, counts));
                lists("unique with NaN" + wanted, m -> special(m).unique(true, inverse, counts));
                for (int axis = -3; axis < 3; axis++) {
                    int along = axis;
                    lists(
                            "unique axis " + along + wanted,
                            m -> integers(m, 2, 3, 2, 4).unique(along, true, inverse, counts));
                }
            }
        }
        lists("unique", m -> integers(m, 4, 20).unique());
        lists(
                "unique slices with zeros of both signs",
                m ->
                        m.create(new float[] {0f, 1, -0f, 1}, new Shape(2, 2))
                                .unique(0, true, true, true));
        lists(
                "unique slices of large numbers",
                m ->
                        m.create(new long[] {1L << 60, (1L << 60) + 1, 1L << 60}, new Shape(3, 1))
                                .unique(0, true, true, true));
        // The peer leaves such slices where its sort happens to put them.
        alone(
                "unique slices with NaN",
                m -> {
                    float[] values = {Float.NaN, Float.NaN, 1, 1};
                    NDList found = m.create(values, new Shape(4, 1)).unique(0, true, true, true);
                    assertArrayEquals(
                            new float[] {1, Float.NaN, Float.NaN}, found.get(0).toFloatArray());
                    assertArrayEquals(new long[] {1, 2, 0, 0}, found.get(1).toLongArray());
                    assertArrayEquals(new long[] {2, 1, 1}, found.get(2).toLongArray());
                });
        alone(
                "unique elements rebuild the array",
                m -> {
                    NDArray a = integers(m, 50, 30, 40);
                    NDList found = a.unique(true, true, true);
                    assertEquals(a, found.get(0).get(found.get(1)));
                    assertEquals(1200, found.get(2).sum().getLong());
                });
        alone(
                "unsorted comes sorted",
                m -> {
                    NDList found = m.create(new int[] {3, 1, 3, 2}).unique(false, false, false);
                    assertArrayEquals(new int[] {1, 2, 3}, found.get(0).toIntArray());
                });
        return tests;
    }

    @TestFactory
    List<DynamicTest> sequences() {
        for (DataType type : TYPES) {
            test("diff of " + type, m -> typed(m, type, 3, 6).diff(1, 1));
        }
        for (int n = 0; n < 7; n++) {
            int order = n;
            test("diff of order " + n, m -> floats(m, 3, 5).diff(order, -1));
            test(
                    "diff of order " + n + " of rows",
                    m -> floats(m, 5, 3).transpose().diff(order, -1));
        }
        refused(
                "diff of order -1",
                IllegalArgumentException.class,
                "not negative",
                m -> floats(m, 3).diff(-1, 0));
        refused(
                "diff of a scalar",
                IllegalArgumentException.class,
                "must be an axis",
                m -> m.create(1f).diff(1, 0));
        defined(
                "sequenceMask",
                m -> rows(m).sequenceMask(m.create(new float[] {1, 2})),
                DataType.FLOAT32,
                new Shape(2, 3),
                1,
                0,
                0,
                4,
                5,
                0);
        defined(
                "sequenceMask by a value",
                m -> rows(m).sequenceMask(m.create(new long[] {0, 9}), -1f),
                DataType.FLOAT32,
                new Shape(2, 3),
                -1,
                -1,
                -1,
                4,
                5,
                6);
        defined(
                "sequenceMask of vectors",
                m -> rows(m).reshape(1, 3, 2).sequenceMask(m.create(new int[] {1}), 7),
                DataType.FLOAT32,
                new Shape(1, 3, 2),
                1,
                2,
                7,
                7,
                7,
                7);
        defined(
                "sequenceMask of integers",
                m ->
                        rows(m).toType(DataType.INT32, false)
                                .sequenceMask(m.create(new int[] {2, 0}), -3),
                DataType.INT32,
                new Shape(2, 3),
                1,
                2,
                -3,
                -3,
                -3,
                -3);
        defined(
                "sequenceMask of nothing",
                m -> m.ones(new Shape(1, 0, 0)).sequenceMask(m.create(new float[] {1})),
                DataType.FLOAT32,
                new Shape(1, 0, 0));
        alone(
                "sequenceMask leaves the array alone",
                m -> {
                    NDArray a = rows(m);
                    a.sequenceMask(m.create(new int[] {0, 0}));
                    assertEquals(rows(m), a);
                });
        refused(
                "sequenceMask of a vector",
                IllegalArgumentException.class,
                "(B, T, …)",
                m -> floats(m, 3).sequenceMask(m.create(new int[] {1, 2, 3})));
        refused(
                "sequenceMask by other lengths",
                IllegalArgumentException.class,
                "B lengths",
                m -> rows(m).sequenceMask(m.create(new int[] {1})));
        return tests;
    }

    private static NDArray rows(NDManager manager) {
        return manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
    }
}
