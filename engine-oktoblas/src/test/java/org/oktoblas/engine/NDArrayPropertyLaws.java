package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Operations over random shapes and views, against doubles in plain Java. */
abstract class NDArrayPropertyLaws {

    private static final int TRIES = 200;

    private interface Body {
        void run(NDManager manager, Random random);
    }

    private final Device device;

    NDArrayPropertyLaws(Device device) {
        this.device = device;
    }

    private void check(long seed, Body body) {
        try (NDManager manager = OktoNDManager.system().newSubManager(device)) {
            body.run(manager, new Random(seed));
        }
    }

    private static long[] shape(Random random, int rank) {
        long[] shape = new long[rank];
        for (int i = 0; i < rank; i++) {
            shape[i] = 1 + random.nextInt(6);
        }
        return shape;
    }

    /** An array and its reference, the array now and then a transposed or sliced view. */
    private record Both(NDArray array, Reference reference) {

        static Both random(NDManager manager, Random random, long... shape) {
            int rank = shape.length;
            if (rank < 2 || random.nextBoolean()) {
                Reference reference = Reference.random(random, shape);
                return new Both(reference.array(manager), reference);
            }
            int[] order = new int[rank];
            long[] source = new long[rank];
            for (int i = 0; i < rank; i++) {
                order[i] = (i + 1) % rank;
                source[order[i]] = shape[i];
            }
            Reference stored = Reference.random(random, source);
            Reference reference = stored.permute(order);
            NDArray padded = stored.array(manager).repeat(0, 2);
            return new Both(padded.get("::2").transpose(order), reference);
        }
    }

    @Property(tries = TRIES)
    void arithmeticBroadcasts(@ForAll long seed) {
        check(
                seed,
                (manager, random) -> {
                    long[] shape = shape(random, 1 + random.nextInt(4));
                    long[] other = shape.clone();
                    other[random.nextInt(other.length)] = 1;
                    Both a = Both.random(manager, random, shape);
                    Both b = Both.random(manager, random, other);
                    a.reference
                            .with(b.reference, Double::sum)
                            .assertEqual(a.array.add(b.array), 1e-6);
                    a.reference
                            .with(b.reference, (x, y) -> x - y)
                            .assertEqual(a.array.sub(b.array), 1e-6);
                    a.reference
                            .with(b.reference, (x, y) -> x * y)
                            .assertEqual(b.array.mul(a.array), 1e-5);
                    a.reference
                            .with(b.reference, Math::max)
                            .assertEqual(a.array.maximum(b.array), 0);
                    NDArray less = a.array.lt(b.array);
                    assertEquals(DataType.BOOLEAN, less.getDataType());
                    a.reference
                            .with(b.reference, (x, y) -> x < y ? 1 : 0)
                            .assertEqual(less.toType(DataType.FLOAT32, false), 0);
                    a.reference
                            .with(b.reference, (x, y) -> x - 2 * y)
                            .assertEqual(a.array.subi(b.array.mul(2f)), 1e-5);
                });
    }

    @Property(tries = TRIES)
    void reductions(@ForAll long seed) {
        check(
                seed,
                (manager, random) -> {
                    Both a = Both.random(manager, random, shape(random, 1 + random.nextInt(4)));
                    int axis = random.nextInt(a.reference.shape().length);
                    int[] axes = {axis};
                    double n = a.reference.size(axis);
                    Reference sum = a.reference.fold(axis, 0, Double::sum);
                    sum.assertEqual(a.array.sum(axes, true), 1e-5);
                    sum.map(x -> x / n).assertEqual(a.array.mean(axes, true), 1e-5);
                    a.reference
                            .fold(axis, Double.NEGATIVE_INFINITY, Math::max)
                            .assertEqual(a.array.max(axes, true), 0);
                    a.reference
                            .fold(axis, 1, (x, y) -> x * y)
                            .assertEqual(a.array.prod(axes, true), 1e-4);
                    Reference norm =
                            a.reference.map(x -> x * x).fold(axis, 0, Double::sum).map(Math::sqrt);
                    norm.assertEqual(a.array.norm(axes, true), 1e-5);
                    a.reference
                            .with(norm, (x, y) -> x / y)
                            .assertEqual(a.array.normalize(2, axis), 1e-5);
                    a.reference.softmax(axis).assertEqual(a.array.softmax(axis), 1e-6);
                    a.reference
                            .softmax(axis)
                            .map(Math::log)
                            .assertEqual(a.array.logSoftmax(axis), 1e-5);
                });
    }

    @Property(tries = TRIES)
    void theSortedArrayIsWhatItsIndicesGather(@ForAll long seed) {
        check(
                seed,
                (manager, random) -> {
                    Both a = Both.random(manager, random, shape(random, 1 + random.nextInt(3)));
                    int axis = random.nextInt(a.reference.shape().length);
                    int k = 1 + random.nextInt(a.reference.size(axis));
                    NDArray sorted = a.array.sort(axis);
                    assertEquals(sorted, a.array.gather(a.array.argSort(axis), axis));
                    NDList top = a.array.topK(k, axis);
                    NDList unsorted = a.array.topK(k, axis, true, false);
                    assertEquals(top.get(0), a.array.gather(top.get(1), axis));
                    assertEquals(unsorted.get(0), a.array.gather(unsorted.get(1), axis));
                    assertEquals(top.get(0).sort(axis), unsorted.get(0).sort(axis));
                    assertEquals(
                            a.array.max(new int[] {axis}, true),
                            top.get(0).split(new long[] {1}, axis).get(0));
                });
    }

    @Property(tries = TRIES)
    void copiesAndViews(@ForAll long seed) {
        check(
                seed,
                (manager, random) -> {
                    long[] shape = shape(random, 3);
                    Both a = Both.random(manager, random, shape);
                    long count = a.array.size();
                    a.reference.reshape(count).assertEqual(a.array.flatten(), 0);
                    a.reference
                            .reshape(shape[0] * shape[1], shape[2])
                            .assertEqual(a.array.reshape(-1, shape[2]), 0);
                    a.reference.permute(2, 0, 1).assertEqual(a.array.transpose(2, 0, 1), 0);
                    a.reference.permute(2, 1, 0).assertEqual(a.array.swapAxes(0, 2), 0);
                    int axis = random.nextInt(3);
                    NDArray joined = a.array.concat(a.array, axis);
                    NDList halves = joined.split(2, axis);
                    assertEquals(a.array, halves.get(0));
                    assertEquals(a.array, halves.get(1));
                    assertEquals(a.array, a.array.flip(axis).flip(axis));
                    NDArray repeated = a.array.repeat(axis, 3);
                    long[] apart = new long[4];
                    for (int i = 0, j = 0; i < 4; i++) {
                        apart[i] = i == axis + 1 ? 3 : shape[j++];
                    }
                    assertEquals(
                            a.array.mul(3f), repeated.reshape(apart).sum(new int[] {axis + 1}));
                });
    }

    @Property(tries = TRIES)
    void products(@ForAll long seed) {
        check(
                seed,
                (manager, random) -> {
                    long m = 1 + random.nextInt(20);
                    long k = 1 + random.nextInt(40);
                    long n = 1 + random.nextInt(20);
                    Both a = Both.random(manager, random, m, k);
                    Both b = Both.random(manager, random, k, n);
                    Reference product = a.reference.times(b.reference);
                    product.assertEqual(a.array.matMul(b.array), 1e-5);
                    product.reshape(1, m, n)
                            .assertEqual(a.array.expandDims(0).matMul(b.array), 1e-5);
                    product.reshape(1, m, n)
                            .assertEqual(
                                    a.array.expandDims(0).batchMatMul(b.array.expandDims(0)), 1e-5);
                });
    }

    @Property(tries = TRIES)
    void wholeNumbersSurviveEveryTypeThatHoldsThem(@ForAll long seed) {
        DataType[] types = {
            DataType.FLOAT32, DataType.FLOAT16, DataType.BFLOAT16, DataType.FLOAT64,
            DataType.INT8, DataType.UINT8, DataType.INT32, DataType.INT64
        };
        check(
                seed,
                (manager, random) -> {
                    long[] values = new long[1 + random.nextInt(40)];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = random.nextInt(120);
                    }
                    NDArray array = manager.create(values);
                    DataType type = types[random.nextInt(types.length)];
                    DataType second = types[random.nextInt(types.length)];
                    NDArray there = array.toType(type, false).toType(second, false);
                    assertEquals(second, there.getDataType());
                    assertArrayEquals(values, there.toType(DataType.INT64, false).toLongArray());
                    NDArray sum = array.toType(type, false).mul(array.toType(second, false));
                    if (sum.getDataType() == DataType.INT64 || sum.getDataType().isFloating()) {
                        long expected = values[0] * values[0];
                        boolean exact = expected < 256;
                        assertEquals(
                                expected, Reference.doubles(sum)[0], exact ? 0 : expected / 100.0);
                    }
                });
    }
}
