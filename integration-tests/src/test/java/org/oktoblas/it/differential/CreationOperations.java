package org.oktoblas.it.differential;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.oktoblas.it.differential.Operation.Call;

/** NDManager makes the same arrays on all engines. */
final class CreationOperations {

    private CreationOperations() {}

    private interface Filled {
        Object make(NDManager manager, Shape shape, DataType type);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(filled("NDManager.zeros(Shape, DataType)", NDManager::zeros));
        list.add(filled("NDManager.ones(Shape, DataType)", NDManager::ones));
        list.add(filled("NDManager.zeros(Shape)", (m, shape, type) -> m.zeros(shape)));
        list.add(filled("NDManager.ones(Shape)", (m, shape, type) -> m.ones(shape)));
        list.add(full());
        list.add(
                Operation.of(
                        "NDManager.full(Shape, int)",
                        Tolerance.EXACT,
                        draw -> {
                            Shape shape = draw.note("shape", new Shape(draw.shape()));
                            int value = draw.note("value", draw.of(0, 1, -3, 300));
                            return Call.of((m, x) -> m.full(shape, value));
                        }));
        list.addAll(scalars());
        list.addAll(data());
        list.addAll(sequences());
        list.add(
                Operation.of(
                        "NDManager.eye(int, int, int, DataType)",
                        Tolerance.EXACT,
                        draw -> {
                            int rows = draw.note("rows", draw.size());
                            int columns = draw.note("columns", draw.size());
                            DataType type = draw.note("type", draw.of(Draw.ALL));
                            return Call.of((m, x) -> m.eye(rows, columns, 0, type));
                        }));
        list.add(
                Operation.of(
                        "NDManager.eye(int, int, int, DataType) beside the diagonal",
                        Tolerance.EXACT,
                        draw -> {
                            int rows = draw.note("rows", draw.size());
                            int columns = draw.note("columns", draw.size());
                            int k = draw.note("k", draw.of(1, -1, 2, -3, 9, -9));
                            DataType type = draw.note("type", draw.of(Draw.ALL));
                            return Call.of((m, x) -> m.eye(rows, columns, k, type))
                                    .reference(x -> diagonal(rows, columns, k));
                        }));
        return list;
    }

    private static Reference.Numbers diagonal(int rows, int columns, int k) {
        double[] values = new double[rows * columns];
        for (int row = 0; row < rows; row++) {
            if (row + k >= 0 && row + k < columns) {
                values[row * columns + row + k] = 1;
            }
        }
        return new Reference.Numbers(values, new long[] {rows, columns});
    }

    private static Operation filled(String name, Filled filled) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Shape shape = draw.note("shape", new Shape(draw.shape()));
                    DataType type = draw.note("type", draw.of(Draw.ALL));
                    return Call.of((m, x) -> filled.make(m, shape, type));
                });
    }

    private static Operation full() {
        return Operation.of(
                "NDManager.full(Shape, float, DataType)",
                Tolerance.EXACT,
                draw -> {
                    Shape shape = draw.note("shape", new Shape(draw.shape()));
                    DataType type = draw.note("type", draw.of(Draw.ALL));
                    float value = draw.note("value", draw.of(1f, 0f, 2.5f, 100f));
                    return Call.of((m, x) -> m.full(shape, value, type));
                });
    }

    private static List<Operation> scalars() {
        List<Operation> list = new ArrayList<>();
        list.add(
                Operation.of(
                        "NDManager.create(Number)",
                        Tolerance.EXACT,
                        draw -> {
                            Number number = draw.number();
                            return Call.of((m, x) -> m.create(number));
                        }));
        list.add(
                Operation.of(
                        "NDManager.create(boolean)",
                        Tolerance.EXACT,
                        draw -> {
                            boolean value = draw.flag("value");
                            return Call.of((m, x) -> m.create(value));
                        }));
        return list;
    }

    private static List<Operation> data() {
        List<Operation> list = new ArrayList<>();
        list.add(data("float[]", (m, n) -> m.create(floats(n), new Shape(n))));
        list.add(data("double[]", (m, n) -> m.create(doubles(n))));
        list.add(data("int[]", (m, n) -> m.create(IntStream.range(0, n).toArray())));
        list.add(
                data("long[]", (m, n) -> m.create(IntStream.range(0, n).asLongStream().toArray())));
        list.add(data("byte[]", (m, n) -> m.create(new byte[n], new Shape(1, n))));
        list.add(data("boolean[]", (m, n) -> m.create(new boolean[n])));
        list.add(data("float[][]", (m, n) -> m.create(new float[][] {floats(n), floats(n)})));
        list.add(data("double[][]", (m, n) -> m.create(new double[][] {doubles(n)})));
        list.add(data("int[][]", (m, n) -> m.create(new int[n][3])));
        list.add(data("long[][]", (m, n) -> m.create(new long[n][2])));
        list.add(data("boolean[][]", (m, n) -> m.create(new boolean[2][n])));
        return list;
    }

    private static Operation data(String type, BiFunction<NDManager, Integer, Object> create) {
        return Operation.of(
                "NDManager.create(" + type + ")",
                Tolerance.EXACT,
                draw -> {
                    int n = draw.note("length", 1 + draw.below(20));
                    return Call.of((m, x) -> create.apply(m, n));
                });
    }

    private static float[] floats(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i / 3f;
        }
        return values;
    }

    private static double[] doubles(int n) {
        return IntStream.range(0, n).mapToDouble(i -> i / 3.0).toArray();
    }

    private static List<Operation> sequences() {
        List<Operation> list = new ArrayList<>();
        list.add(
                Operation.of(
                        "NDManager.eye(int, int, int)",
                        Tolerance.EXACT,
                        draw -> {
                            int rows = draw.note("rows", 1 + draw.below(6));
                            int columns = draw.note("columns", 1 + draw.below(6));
                            return Call.of(
                                    (m, x) -> new NDList(m.eye(rows), m.eye(rows, columns, 0)));
                        }));
        list.add(
                Operation.of(
                        "NDManager.full(Shape, float)",
                        Tolerance.EXACT,
                        draw -> {
                            Shape shape = draw.note("shape", new Shape(draw.shape()));
                            float value = draw.note("value", draw.of(1f, -0.1f, Float.NaN, 1e30f));
                            return Call.of((m, x) -> m.full(shape, value));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(int, int, int)",
                        Tolerance.EXACT,
                        draw -> {
                            int start = draw.note("start", draw.below(20) - 5);
                            int stop = draw.note("stop", draw.below(40) - 10);
                            int step = draw.note("step", draw.of(1, 2, 3, -1, -2, 7));
                            return Call.of((m, x) -> m.arange(start, stop, step));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(int, int)",
                        Tolerance.EXACT,
                        draw -> {
                            int start = draw.note("start", draw.below(20) - 5);
                            int stop = draw.note("stop", draw.below(40) - 10);
                            return Call.of((m, x) -> m.arange(start, stop));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(float, float, float)",
                        Tolerance.near(10, 2),
                        draw -> {
                            float start = draw.note("start", draw.below(20) / 4f - 2);
                            float stop = draw.note("stop", draw.below(40) / 4f - 3);
                            float step = draw.note("step", draw.of(1f, 0.5f, 0.25f, -0.75f, 1.5f));
                            return Call.of((m, x) -> m.arange(start, stop, step));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(int, int, int, DataType)",
                        Tolerance.ROUNDED,
                        draw -> {
                            int start = draw.note("start", draw.below(20) - 5);
                            int stop = draw.note("stop", draw.below(40) - 10);
                            int step = draw.note("step", draw.of(1, 2, 3, -1, -2, 7, 0));
                            DataType type = draw.note("type", draw.of(Draw.NUMBERS));
                            return Call.of((m, x) -> m.arange(start, stop, step, type));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(float, float, float, DataType)",
                        Tolerance.near(10, 2),
                        draw -> {
                            float start = draw.note("start", draw.below(20) / 4f - 2);
                            float stop = draw.note("stop", draw.below(40) / 4f - 3);
                            float step = draw.note("step", draw.of(1f, 0.5f, 0.25f, -0.75f, 1.5f));
                            DataType type = draw.note("type", draw.of(Draw.FLOATS));
                            return Call.of((m, x) -> m.arange(start, stop, step, type));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(int)",
                        Tolerance.EXACT,
                        draw -> {
                            int stop = draw.note("stop", draw.below(40));
                            return Call.of((m, x) -> m.arange(stop));
                        }));
        list.add(
                Operation.of(
                        "NDManager.arange(float)",
                        Tolerance.EXACT,
                        draw -> {
                            float stop = draw.note("stop", draw.below(40) / 4f);
                            return Call.of((m, x) -> m.arange(stop));
                        }));
        list.add(
                Operation.of(
                        "NDManager.linspace(float, float, int)",
                        // Start or stop plus a multiple of a rounded step: two roundings each side.
                        Tolerance.near(10, 2),
                        draw -> {
                            float start = draw.note("start", draw.below(20) / 4f - 2);
                            float stop = draw.note("stop", draw.below(40) / 3f - 3);
                            int count = draw.note("count", draw.below(30));
                            return Call.of((m, x) -> m.linspace(start, stop, count));
                        }));
        list.add(
                Operation.of(
                        "NDManager.linspace(int, int, int, boolean)",
                        Tolerance.near(10, 2),
                        draw -> {
                            int start = draw.note("start", draw.below(20) - 2);
                            int stop = draw.note("stop", draw.below(20) - 3);
                            int count = draw.note("count", 1 + draw.below(30));
                            return Call.of((m, x) -> m.linspace(start, stop, count, false))
                                    .reference(
                                            x -> {
                                                double step = (stop - start) / (double) count;
                                                double[] all = new double[count];
                                                for (int i = 0; i < count; i++) {
                                                    all[i] = start + i * step;
                                                }
                                                return new Reference.Numbers(
                                                        all, new long[] {count});
                                            });
                        }));
        return list;
    }
}
