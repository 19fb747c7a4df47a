package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gather and scatter of rows and of single elements, with many indices and many that are equal. */
public abstract class LargeIndexLaws extends LargeLaws {

    private Tensor numbers(DataType type, long seed, long... shape) {
        Random random = new Random(seed);
        return of(type, i -> type.isFloating() ? random.nextGaussian() : random.nextInt(9), shape);
    }

    /** Places of [-n, n), in a shape. */
    private Tensor places(int n, long seed, long... shape) {
        Random random = new Random(seed);
        return of(DataType.INT64, i -> random.nextInt(2 * n) - n, shape);
    }

    /** An index with one axis, repeated along the others of a shape. */
    private static Tensor along(Tensor index, int axis, long... shape) {
        long[] strides = new long[shape.length];
        strides[axis] = index.layout().stride(0);
        return index.with(new Layout(shape, strides, index.layout().offset()));
    }

    private static int[] indexOf(long[] shape, int position) {
        int[] index = new int[shape.length];
        for (int i = shape.length - 1, rest = position; i >= 0; i--) {
            index[i] = (int) (rest % shape[i]);
            rest /= (int) shape[i];
        }
        return index;
    }

    private static int positionOf(long[] shape, int[] index) {
        int position = 0;
        for (int i = 0; i < shape.length; i++) {
            position = position * (int) shape[i] + index[i];
        }
        return position;
    }

    /** Where in a tensor's elements an index leads from a position of the index's shape. */
    private static int target(long[] shape, long[] of, int axis, int position, double index) {
        int[] place = indexOf(shape, position);
        place[axis] = (int) (index < 0 ? index + of[axis] : index);
        return positionOf(of, place);
    }

    private void checkGather(Tensor in, int axis, Tensor index) {
        long[] shape = index.layout().shape();
        Tensor out = of(in.dataType(), i -> 1, shape);
        double[] x = TestTensors.read(backend, in);
        double[] at = TestTensors.read(backend, index);
        double[] expected = new double[at.length];
        for (int i = 0; i < at.length; i++) {
            expected[i] = x[target(shape, in.layout().shape(), axis, i, at[i])];
        }
        backend.gather(in, axis, index, out);
        assertArrayEquals(
                expected, TestTensors.read(backend, out), in.dataType() + " " + index.layout());
    }

    /** Scatters in row-major order, and rounds every sum. */
    private void checkScatter(boolean add, Tensor source, int axis, Tensor index, Tensor out) {
        DataType type = out.dataType();
        long[] shape = index.layout().shape();
        double[] x = TestTensors.read(backend, source);
        double[] at = TestTensors.read(backend, index);
        double[] expected = TestTensors.read(backend, out);
        for (int i = 0; i < at.length; i++) {
            int to = target(shape, out.layout().shape(), axis, i, at[i]);
            double sum = expected[to] + x[i];
            expected[to] = add ? TestTensors.round(type, sum) : x[i];
        }
        backend.scatter(add, source, axis, index, out);
        assertArrayEquals(
                expected,
                TestTensors.read(backend, out),
                (add ? "adding " : "writing ") + type + " " + index.layout());
    }

    private void checkScatters(DataType type, int axis, Tensor index, long... shape) {
        Tensor source = numbers(type, 21, index.layout().shape());
        checkScatter(false, source, axis, index, numbers(type, 22, shape));
        checkScatter(true, source, axis, index, numbers(type, 23, shape));
    }

    @ParameterizedTest
    @MethodSource("types")
    void rowsOfAnEmbedding(DataType type) {
        Tensor index = places(50, 1, 300);
        for (int width : new int[] {1, 2, 3, 7, 33, 64, 96, 768}) {
            Tensor table = numbers(type, width, 50, width);
            checkGather(table, 0, along(index, 0, 300, width));
            // Rows that begin anywhere.
            Tensor wider = numbers(type, width, 50, width + 3);
            Tensor part = wider.with(wider.layout().slice(1, 1, width, 1));
            checkGather(part, 0, along(index, 0, 300, width));
            release();
            index = places(50, 1, 300);
        }
        Tensor backwards = numbers(type, 2, 50, 32);
        checkGather(
                backwards.with(backwards.layout().slice(1, 31, 32, -1)),
                0,
                along(index, 0, 300, 32));
        Tensor batches = numbers(type, 3, 4, 50, 32);
        checkGather(batches, 1, along(index, 1, 4, 300, 32));
    }

    @ParameterizedTest
    @MethodSource("types")
    void singleElements(DataType type) {
        checkGather(numbers(type, 4, 1000), 0, places(1000, 5, 100_000));
        checkGather(numbers(type, 6, 40, 300), 1, places(300, 7, 40, 500));
        checkGather(numbers(type, 8, 300, 40), 0, places(300, 9, 500, 40));
        Tensor in = numbers(type, 10, 30, 20, 25);
        checkGather(in.with(in.layout().permute(2, 0, 1)), 1, places(30, 11, 25, 60, 20));
        Tensor index = places(20, 12, 25, 30, 44);
        checkGather(in, 1, index.with(index.layout().permute(1, 2, 0)));
        checkGather(in, 2, along(places(25, 13, 70), 2, 30, 20, 70));
    }

    @ParameterizedTest
    @MethodSource("types")
    void manyInOnePlace(DataType type) {
        // A line, few places: each takes thousands.
        checkScatters(type, 0, places(10, 14, 30_000), 10);
        checkScatters(type, 0, of(DataType.INT64, i -> -1, 5000), 3);
        // Many places: each takes few.
        checkScatters(type, 0, places(20_000, 15, 30_000), 20_000);
    }

    @ParameterizedTest
    @MethodSource("types")
    void rowsInOnePlace(DataType type) {
        for (int width : new int[] {1, 3, 32, 100}) {
            checkScatters(type, 0, along(places(7, 16, 400), 0, 400, width), 7, width);
            checkScatters(type, 0, along(places(7, 17, 20), 0, 20, width), 7, width);
        }
        checkScatters(type, 1, along(places(9, 18, 200), 1, 5, 200, 16), 5, 9, 16);
        checkScatters(type, 1, along(places(9, 18, 200), 1, 300, 200), 300, 9);
        release();
    }

    @ParameterizedTest
    @MethodSource("types")
    void anIndexForEachElement(DataType type) {
        checkScatters(type, 0, places(11, 19, 200, 30), 11, 30);
        checkScatters(type, 1, places(11, 20, 30, 200), 30, 11);
        checkScatters(type, 1, places(11, 20, 5, 70, 6), 5, 11, 6);
        // Many lines that are not long.
        checkScatters(type, 0, places(5, 24, 40, 17_000), 5, 17_000);
        checkScatters(type, 1, places(5, 25, 1000, 3), 1000, 5);
        release();
    }

    @ParameterizedTest
    @MethodSource("types")
    void scattersOfAnyLayout(DataType type) {
        for (int axis = 0; axis < 3; axis++) {
            long[] shape = {12, 14, 16};
            long[] longer = shape.clone();
            longer[axis] = 90;
            Random random = new Random(axis);
            double[] values = TestTensors.read(backend, numbers(type, 26, longer));
            Tensor source = TestTensors.scattered(backend, type, values, random, longer);
            double[] old = TestTensors.read(backend, numbers(type, 27, shape));
            Tensor out = TestTensors.scattered(backend, type, old, random, shape);
            double[] at =
                    random.doubles(values.length)
                            .map(v -> Math.floor(v * 2 * shape[0]) - shape[0])
                            .toArray();
            Tensor index = TestTensors.scattered(backend, DataType.INT64, at, random, longer);
            own(source);
            own(out);
            own(index);
            checkScatter(true, source, axis, index, out);
            checkScatter(false, source, axis, index, out);
            // One index for a plane, lying in whatever way.
            Tensor line = places((int) shape[axis], 28, 180);
            Tensor sparse = line.with(line.layout().slice(0, 179, 90, -2));
            checkScatter(true, source, axis, along(sparse, axis, longer), out);
            checkScatter(false, source, axis, along(sparse, axis, longer), out);
            release();
        }
    }

    /** More axes than a device's kernels tell apart. */
    @Test
    void manyAxes() {
        DataType type = DataType.FLOAT32;
        long[] shape = {2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2};
        int rank = shape.length;
        int[] reversed = new int[rank];
        Arrays.setAll(reversed, i -> rank - 1 - i);
        for (int axis : new int[] {0, 7, 11}) {
            Tensor dense = numbers(type, 31, shape);
            Tensor in = dense.with(dense.layout().permute(reversed));
            long[] longer = in.layout().shape();
            int n = (int) longer[axis];
            longer[axis] = 40;
            Tensor index = places(n, 32, longer);
            checkGather(in, axis, index);
            Tensor whole = along(places(n, 33, 40), axis, longer);
            checkGather(in, axis, whole);
            Tensor source = numbers(type, 34, longer);
            checkScatter(true, source, axis, index, in);
            checkScatter(true, source, axis, whole, in);
            checkScatter(false, source, axis, index, in);
        }
    }

    @Test
    void nothingOutsideIsTouched() {
        DataType type = DataType.FLOAT32;
        // 200 rows, of which 100 are the array.
        Tensor memory = of(type, i -> i, 200, 8);
        Tensor in = memory.with(memory.layout().slice(0, 50, 100, 1));
        for (long wrong : new long[] {100, -101, Long.MAX_VALUE, Long.MIN_VALUE}) {
            String message =
                    "Index " + wrong + " is outside axis 0 of size 100 (allowed: -100 to 99).";
            for (int length : new int[] {20, 3000}) {
                Tensor index = of(DataType.INT64, i -> i % 100 - 50, length);
                byte[] bytes = new byte[8];
                java.nio.ByteBuffer one =
                        java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.nativeOrder());
                one.putLong(0, wrong);
                backend.write(one, index.storage(), 8L * (length - 3));
                Tensor rows = along(index, 0, length, 8);
                Tensor out = of(type, i -> 1, length, 8);
                assertEquals(
                        message,
                        assertThrows(
                                        IndexOutOfBoundsException.class,
                                        () -> backend.gather(in, 0, rows, out))
                                .getMessage());
                for (boolean add : new boolean[] {false, true}) {
                    assertEquals(
                            message,
                            assertThrows(
                                            IndexOutOfBoundsException.class,
                                            () -> backend.scatter(add, out, 0, rows, in))
                                    .getMessage());
                }
            }
            double[] after = TestTensors.read(backend, memory);
            for (int i = 0; i < after.length; i++) {
                if (i < 400 || i >= 1200) {
                    assertEquals(i, after[i], "memory around the array");
                }
            }
        }
    }

    /** Of several wrong indices, the first in row-major order is named. */
    @Test
    void theFirstOutsideIsNamed() {
        Tensor in = numbers(DataType.INT8, 29, 30, 50);
        Tensor index = of(DataType.INT64, i -> i < 1234 ? i % 30 : i, 100, 50);
        Tensor out = of(DataType.INT8, i -> 1, 100, 50);
        String message = "Index 1234 is outside axis 0 of size 30 (allowed: -30 to 29).";
        assertEquals(
                message,
                assertThrows(
                                IndexOutOfBoundsException.class,
                                () -> backend.gather(in, 0, index, out))
                        .getMessage());
        assertEquals(
                message,
                assertThrows(
                                IndexOutOfBoundsException.class,
                                () -> backend.scatter(false, out, 0, index, in))
                        .getMessage());
        Tensor few = index.with(index.layout().slice(0, 20, 10, 1));
        Tensor source = out.with(out.layout().slice(0, 20, 10, 1));
        assertEquals(
                message,
                assertThrows(
                                IndexOutOfBoundsException.class,
                                () -> backend.scatter(true, source, 0, few, in))
                        .getMessage());
        Tensor none = of(DataType.INT8, i -> 1, 0, 50);
        assertEquals(
                "Index 0 is outside axis 0 of size 0.",
                assertThrows(
                                IndexOutOfBoundsException.class,
                                () -> backend.gather(none, 0, index, out))
                        .getMessage());
    }
}
