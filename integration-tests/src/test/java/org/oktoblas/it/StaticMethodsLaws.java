package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** NDArrays' static methods, NDArray's default methods, and the rest of indexing. */
abstract class StaticMethodsLaws extends Definitions {

    StaticMethodsLaws(Target ours) {
        super(ours);
    }

    @TestFactory
    List<DynamicTest> ofTwoArrays() {
        List<BiFunction<NDArray, NDArray, NDArray>> functions =
                List.of(
                        NDArrays::eq,
                        NDArrays::neq,
                        NDArrays::gt,
                        NDArrays::gte,
                        NDArrays::lt,
                        NDArrays::lte,
                        NDArrays::maximum,
                        NDArrays::minimum,
                        NDArrays::add,
                        NDArrays::sub,
                        NDArrays::mul,
                        NDArrays::div,
                        NDArrays::mod,
                        NDArrays::pow,
                        NDArrays::logicalAnd,
                        NDArrays::logicalOr,
                        NDArrays::logicalXor,
                        NDArrays::addi,
                        NDArrays::subi,
                        NDArrays::muli,
                        NDArrays::divi,
                        NDArrays::modi,
                        NDArrays::powi,
                        NDArrays::matMul,
                        NDArrays::dot,
                        (a, b) -> NDArrays.where(a.gt(2), a, b),
                        (a, b) -> NDArrays.add(a, b, a),
                        (a, b) -> NDArrays.mul(a, b, a),
                        (a, b) -> NDArrays.addi(a, b, b),
                        (a, b) -> NDArrays.muli(a, b, b),
                        (a, b) -> NDArrays.stack(new NDList(a, b, a)),
                        (a, b) -> NDArrays.stack(new NDList(a, b), 1),
                        (a, b) -> NDArrays.concat(new NDList(a, b, a)),
                        (a, b) -> NDArrays.concat(new NDList(a, b), 1),
                        (a, b) -> NDArrays.concat(new NDList(a)),
                        (a, b) -> NDArrays.booleanMask(a, b.gt(2)),
                        (a, b) -> NDArrays.booleanMask(a, b.get(0).gt(2), 1));
        for (int i = 0; i < functions.size(); i++) {
            BiFunction<NDArray, NDArray, NDArray> function = functions.get(i);
            test("function " + i, m -> function.apply(positive(m), positive(m).transpose()));
        }
        return tests;
    }

    private static NDArray positive(NDManager manager) {
        return integers(manager, 4, 3, 3).add(1).toType(DataType.FLOAT32, false);
    }

    @TestFactory
    List<DynamicTest> ofNumbers() {
        List<BiFunction<NDArray, Number, NDArray>> behind =
                List.of(
                        NDArrays::eq,
                        NDArrays::neq,
                        NDArrays::gt,
                        NDArrays::gte,
                        NDArrays::lt,
                        NDArrays::lte,
                        NDArrays::maximum,
                        NDArrays::minimum,
                        NDArrays::add,
                        NDArrays::sub,
                        NDArrays::mul,
                        NDArrays::div,
                        NDArrays::mod,
                        NDArrays::pow,
                        NDArrays::addi,
                        NDArrays::subi,
                        NDArrays::muli,
                        NDArrays::divi,
                        NDArrays::modi,
                        NDArrays::powi);
        List<BiFunction<Number, NDArray, NDArray>> before =
                List.of(
                        NDArrays::eq,
                        NDArrays::neq,
                        NDArrays::gt,
                        NDArrays::gte,
                        NDArrays::lt,
                        NDArrays::lte,
                        NDArrays::maximum,
                        NDArrays::minimum,
                        NDArrays::add,
                        NDArrays::sub,
                        NDArrays::mul,
                        NDArrays::div,
                        NDArrays::mod,
                        NDArrays::pow,
                        NDArrays::addi,
                        NDArrays::subi,
                        NDArrays::muli);
        for (Number number : new Number[] {2, 2.5f}) {
            for (int i = 0; i < behind.size(); i++) {
                BiFunction<NDArray, Number, NDArray> function = behind.get(i);
                test("array and " + number + " " + i, m -> function.apply(positive(m), number));
            }
            for (int i = 0; i < before.size(); i++) {
                BiFunction<Number, NDArray, NDArray> function = before.get(i);
                test(number + " and array " + i, m -> function.apply(number, positive(m)));
            }
        }
        alone(
                "in place methods give the array itself",
                m -> {
                    NDArray a = positive(m);
                    assertSame(a, NDArrays.addi(a, 1));
                    assertSame(a, NDArrays.addi(1, a));
                    assertSame(a, NDArrays.subi(a, a.duplicate()));
                    assertSame(a, NDArrays.subi(1, a));
                    assertSame(a, NDArrays.divi(1, a));
                    assertSame(a, NDArrays.powi(2, a));
                    assertSame(a, NDArrays.modi(2, a));
                });
        // These the peer does not have.
        defined(
                "a number divided in place",
                m -> NDArrays.divi(12, m.create(new float[] {1, 2, -4})),
                DataType.FLOAT32,
                new Shape(3),
                12,
                6,
                -3);
        defined(
                "a number's remainder in place",
                m -> NDArrays.modi(7, m.create(new int[] {4, 7, -4})),
                DataType.INT32,
                new Shape(3),
                3,
                0,
                -1);
        defined(
                "a number's powers in place",
                m -> NDArrays.powi(2, m.create(new float[] {3, -1, 0})),
                DataType.FLOAT32,
                new Shape(3),
                8,
                0.5,
                1);
        test("erf", m -> NDArrays.erf(floats(m, 5)));
        test("erfinv", m -> NDArrays.erfinv(floats(m, 5).tanh()));
        defined(
                "sequenceMask",
                m -> NDArrays.sequenceMask(m.ones(new Shape(2, 2)), m.create(new int[] {1, 0})),
                DataType.FLOAT32,
                new Shape(2, 2),
                1,
                0,
                0,
                0);
        defined(
                "sequenceMask by a value",
                m -> NDArrays.sequenceMask(m.ones(new Shape(2, 1)), m.create(new int[] {1, 0}), 5),
                DataType.FLOAT32,
                new Shape(2, 1),
                1,
                5);
        alone(
                "comparisons of wholes",
                m -> {
                    NDArray a = floats(m, 3);
                    assertTrue(NDArrays.contentEquals(a, floats(m, 3)));
                    assertFalse(NDArrays.contentEquals(a, a.add(1)));
                    assertTrue(NDArrays.contentEquals(m.create(3), 3));
                    assertFalse(NDArrays.contentEquals(m.create(3), 3f));
                    assertTrue(NDArrays.shapeEquals(a, floats(m, 3)));
                    assertFalse(NDArrays.shapeEquals(a, floats(m, 3, 1)));
                    assertTrue(NDArrays.allClose(a, a.add(1e-7f)));
                    assertFalse(NDArrays.allClose(a, a.add(1)));
                    assertTrue(NDArrays.allClose(a, a.add(1), 0, 2, false));
                    assertFalse(NDArrays.allClose(special(m), special(m)));
                    NDArray nan = m.create(Float.NaN);
                    assertTrue(nan.allClose(m.create(Float.NaN), 0, 0, true));
                });
        return tests;
    }

    @TestFactory
    List<DynamicTest> defaults() {
        List<Function<NDArray, NDArray>> functions =
                List.of(
                        NDArray::countNonzero,
                        a -> a.countNonzero(0),
                        NDArray::norm,
                        a -> a.norm(new int[] {0}),
                        a -> a.norm(new int[] {-1}, true),
                        a -> a.norm(1, new int[] {1}, true),
                        a -> a.norm(3, new int[] {0, 1}, false),
                        a -> a.norm(true),
                        NDArray::normalize,
                        a -> a.normalize(3, 0),
                        a -> a.scaleGradient(0.5),
                        NDArray::stopGradient,
                        a -> a.max(new int[] {1}),
                        a -> a.min(new int[] {1}),
                        a -> a.sum(new int[] {1}),
                        a -> a.prod(new int[] {1}),
                        a -> a.mean(new int[] {1}),
                        a -> a.split(2).get(1),
                        a -> a.split(new long[] {1}).get(1),
                        a -> a.split(3, 1).get(2),
                        a -> a.stack(a),
                        a -> a.stack(a, 2),
                        a -> a.concat(a),
                        a -> a.concat(a, -1),
                        NDArray::argSort,
                        a -> a.argSort(0),
                        a -> a.topK(2, 1).get(0),
                        a -> a.topK(2, 1).get(1),
                        NDArray::none,
                        a -> a.get(1),
                        a -> a.get(1, 2),
                        a -> a.get("1, {}", 2),
                        a -> a.getScalar(1, 2),
                        a -> a.take(a.getManager().create(new long[] {3, 1})),
                        a -> a.booleanMask(a.gt(0)),
                        NDArray::toDense,
                        NDArray::like,
                        a -> a.like().zerosLike());
        for (int i = 0; i < functions.size(); i++) {
            Function<NDArray, NDArray> function = functions.get(i);
            if (i != functions.size() - 2) {
                test("method " + i, m -> function.apply(floats(m, 4, 6)));
            }
        }
        alone(
                "numbers",
                m -> {
                    NDArray a = m.arange(6).reshape(2, 3);
                    assertEquals(5, a.getInt(1, 2));
                    assertEquals(5, a.toType(DataType.INT64, false).getLong(1, 2));
                    assertEquals(5f, a.toType(DataType.FLOAT32, false).getFloat(1, 2));
                    assertEquals(5., a.toType(DataType.FLOAT64, false).getDouble(1, 2));
                    assertEquals(5f, a.toType(DataType.FLOAT16, false).getFloat(1, 2));
                    assertEquals(5, a.toType(DataType.INT8, false).getByte(1, 2));
                    assertEquals(251, a.sub(10).toType(DataType.UINT8, false).getUint8(1, 2));
                    assertTrue(a.toType(DataType.BOOLEAN, false).getBoolean(1, 2));
                    assertFalse(a.toType(DataType.BOOLEAN, false).getBoolean(0, 0));
                    assertEquals(6, a.size());
                    assertEquals(3, a.size(1));
                    assertFalse(a.isEmpty());
                    assertTrue(m.create(new Shape(2, 0)).isEmpty());
                    assertFalse(a.isScalar());
                    assertTrue(m.create(1).isScalar());
                    assertFalse(a.isSparse());
                    assertEquals(List.of(a), a.getResourceNDArrays());
                });
        alone(
                "Java arrays",
                m -> {
                    NDArray a = m.create(new int[] {0, 1, 200});
                    assertArrayEquals(new int[] {0, 1, 200}, a.toIntArray());
                    assertArrayEquals(new Number[] {0, 1, 200}, a.toArray());
                    NDArray bytes = a.toType(DataType.UINT8, false);
                    assertArrayEquals(new int[] {0, 1, 200}, bytes.toUint8Array());
                    assertArrayEquals(new byte[] {0, 1, (byte) 200}, bytes.toByteArray());
                    assertArrayEquals(new Number[] {0, 1, 200}, bytes.toArray());
                    NDArray flags = a.toType(DataType.BOOLEAN, false);
                    assertArrayEquals(new boolean[] {false, true, true}, flags.toBooleanArray());
                    assertArrayEquals(
                            new float[] {0, 1, 200},
                            a.toType(DataType.FLOAT16, false).toFloatArray());
                });
        alone(
                "part of an empty array",
                m -> {
                    NDArray empty = m.create(new Shape(0, 4)).get(":, 2:");
                    assertEquals(new Shape(0, 2), empty.duplicate().getShape());
                    assertEquals(new Shape(0, 2), empty.flip(1).getShape());
                    assertEquals(0, empty.toFloatArray().length);
                    assertEquals(new Shape(0, 2), empty.add(1).getShape());
                    assertEquals(0, empty.sum().getFloat());
                    empty.set(new float[0]);
                });
        refused(
                "a sparse array",
                UnsupportedOperationException.class,
                "its arrays are dense",
                m -> m.ones(new Shape(2)).toSparse(SparseFormat.CSR));
        alone(
                "dense stays dense",
                m ->
                        assertEquals(
                                m.ones(new Shape(2)),
                                m.ones(new Shape(2)).toSparse(SparseFormat.DENSE)));
        return tests;
    }

    @TestFactory
    List<DynamicTest> tiles() {
        defined(
                "tile to a shape",
                m -> m.arange(3f).tile(new Shape(6)),
                DataType.FLOAT32,
                new Shape(6),
                0,
                1,
                2,
                0,
                1,
                2);
        defined(
                "tile the last axis",
                m -> m.arange(4f).reshape(2, 2).tile(new Shape(4)),
                DataType.FLOAT32,
                new Shape(2, 4),
                0,
                1,
                0,
                1,
                2,
                3,
                2,
                3);
        defined(
                "tile to more axes",
                m -> m.arange(2f).tile(new Shape(2, 1, 4)),
                DataType.FLOAT32,
                new Shape(2, 1, 4),
                0,
                1,
                0,
                1,
                0,
                1,
                0,
                1);
        defined(
                "tile a scalar",
                m -> m.create(3f).tile(new Shape(2)),
                DataType.FLOAT32,
                new Shape(2),
                3,
                3);
        defined(
                "tile to nothing",
                m -> m.arange(2f).tile(new Shape(0)),
                DataType.FLOAT32,
                new Shape(0));
        refused(
                "tile to no multiple",
                IllegalArgumentException.class,
                "multiple",
                m -> m.arange(2f).tile(new Shape(3)));
        return tests;
    }

    @TestFactory
    List<DynamicTest> picks() {
        test(
                "gatherNd of vectors",
                m ->
                        floats(m, 3, 2, 4)
                                .gatherNd(
                                        m.create(new long[] {2, 1, 0, 0, 1, 1}, new Shape(2, 3))));
        test(
                "gatherNd of one axis",
                m -> floats(m, 3, 4).gatherNd(m.create(new long[] {2, 0}, new Shape(1, 2))));
        test(
                "gatherNd by floats",
                m ->
                        m.arange(1f, 9f)
                                .reshape(2, 2, 2)
                                .gatherNd(m.create(new float[] {0, 1, 1, 0}, new Shape(2, 2))));
        defined(
                "gatherNd of elements",
                m ->
                        m.arange(6f)
                                .reshape(2, 3)
                                .gatherNd(m.create(new long[] {1, -1, 0, 1}, new Shape(2, 2))),
                DataType.FLOAT32,
                new Shape(2),
                3,
                4);
        alone(
                "gatherNd leaves the index alone",
                m -> {
                    NDArray index = m.create(new long[] {1, 0, 1, 1}, new Shape(2, 2));
                    floats(m, 3, 4).gatherNd(index);
                    assertArrayEquals(new long[] {1, 0, 1, 1}, index.toLongArray());
                });
        refused(
                "gatherNd of too many axes",
                IllegalArgumentException.class,
                "axes to index",
                m -> floats(m, 3).gatherNd(m.create(new long[] {1, 0}, new Shape(2, 1))));
        refused(
                "gatherNd outside",
                IndexOutOfBoundsException.class,
                "3",
                m -> floats(m, 3, 3).gatherNd(m.create(new long[] {0, 3}, new Shape(2, 1))));
        test(
                "pick",
                m ->
                        floats(m, 3, 4)
                                .get(
                                        new NDIndex(":")
                                                .addPickDim(
                                                        m.create(
                                                                new long[] {3, 0, 2},
                                                                new Shape(3, 1)))));
        defined(
                "pick from what numbers and slices leave",
                m ->
                        m.arange(24f)
                                .reshape(2, 3, 4)
                                .get(new NDIndex("1, :2").addPickDim(m.create(new long[] {3, 0}))),
                DataType.FLOAT32,
                new Shape(2, 1),
                15,
                16);
        defined(
                "pick behind an ellipsis",
                m ->
                        m.arange(6f)
                                .reshape(1, 2, 3)
                                .get(
                                        new NDIndex("...")
                                                .addPickDim(
                                                        m.create(
                                                                new long[] {2, 0},
                                                                new Shape(1, 2)))),
                DataType.FLOAT32,
                new Shape(1, 2, 1),
                2,
                3);
        defined(
                "set where an index picks",
                m -> {
                    NDArray a = m.zeros(new Shape(2, 3));
                    a.set(new NDIndex(":").addPickDim(m.create(new long[] {2, 0})), 7);
                    return a;
                },
                DataType.FLOAT32,
                new Shape(2, 3),
                0,
                0,
                7,
                7,
                0,
                0);
        defined(
                "set an array where an index picks",
                m -> {
                    NDArray a = m.zeros(new Shape(2, 2, 3), DataType.INT32);
                    NDIndex index =
                            new NDIndex("0")
                                    .addPickDim(m.create(new long[] {1, 0, 1}, new Shape(1, 3)));
                    a.set(index, m.create(new int[] {5, 6, 7}, new Shape(1, 3)));
                    return a;
                },
                DataType.INT32,
                new Shape(2, 2, 3),
                0,
                6,
                0,
                5,
                0,
                7,
                0,
                0,
                0,
                0,
                0,
                0);
        refused(
                "two picks",
                IllegalArgumentException.class,
                "one axis only",
                m ->
                        floats(m, 2, 2)
                                .get(
                                        new NDIndex()
                                                .addPickDim(m.create(0))
                                                .addPickDim(m.create(0))));
        refused(
                "a pick beside an index array",
                IllegalArgumentException.class,
                "index arrays",
                m ->
                        floats(m, 2, 2)
                                .get(
                                        new NDIndex("{}", m.create(new long[] {0}))
                                                .addPickDim(m.create(new long[] {0}))));
        return tests;
    }
}
