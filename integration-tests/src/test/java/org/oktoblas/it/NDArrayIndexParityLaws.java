package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Reading and writing by index gives what PyTorch gives. */
abstract class NDArrayIndexParityLaws extends EngineParity {

    NDArrayIndexParityLaws(Target ours) {
        super(ours);
    }

    @TestFactory
    List<DynamicTest> views() {
        String[] indices = {
            "1",
            "-1",
            "1,2",
            ":",
            "...",
            "1:",
            ":-1",
            "::2",
            "1:3,:2",
            ":, -1, :",
            "..., 1",
            "0, ..., 2",
            "1, ..., ::3",
            ":, 1:2",
            "2:1",
            ":, 5:9",
            "null, 1",
            "1, null, 2",
            ":, null, ..., 1",
            "-3:-1, 1:",
            "1:100"
        };
        for (String index : indices) {
            test("get " + index, m -> floats(m, 4, 5, 6).get(index));
            test(
                    "write through " + index,
                    m -> {
                        NDArray array = floats(m, 4, 5, 6);
                        array.get(index).addi(10);
                        return array;
                    });
            test(
                    "set number " + index,
                    m -> {
                        NDArray array = floats(m, 4, 5, 6);
                        array.set(new NDIndex(index), 7);
                        return array;
                    });
            test(
                    "set array " + index,
                    m -> {
                        NDArray array = integers(m, 50, 4, 5, 6);
                        NDArray part = array.get(index);
                        array.set(new NDIndex(index), floats(m, part.getShape().getShape()).mul(9));
                        return array;
                    });
        }
        test("get longs", m -> floats(m, 4, 5, 6).get(1, 2));
        test("get negative long", m -> floats(m, 4, 5).get(-2));
        test("get scalar", m -> floats(m, 4, 5).getScalar(2, 3));
        test("get from scalar", m -> m.create(2f).get(new NDIndex()));
        test(
                "set function",
                m -> {
                    NDArray array = floats(m, 4, 5);
                    array.set(new NDIndex("1:3"), a -> a.mul(2));
                    return array;
                });
        test(
                "set scalar",
                m -> {
                    NDArray array = floats(m, 4, 5);
                    array.setScalar(new NDIndex(1, 2), 9);
                    return array;
                });
        test(
                "set broadcast",
                m -> {
                    NDArray array = floats(m, 4, 5, 6);
                    array.set(new NDIndex("1:3, :, 2:4"), floats(m, 5, 1));
                    return array;
                });
        test(
                "copy to",
                m -> {
                    NDArray target = m.zeros(new Shape(2, 3));
                    floats(m, 2, 3).copyTo(target);
                    return target;
                });
        return tests;
    }

    @TestFactory
    List<DynamicTest> indexArrays() {
        test("one index", m -> floats(m, 4, 5, 6).get(integers(m, 4, 7)));
        test("index of two axes", m -> floats(m, 4, 5).get(integers(m, 4, 2, 3)));
        test(
                "int32 index",
                m -> floats(m, 4, 5).get(integers(m, 4, 3).toType(DataType.INT32, false)));
        test("negative index", m -> floats(m, 4, 5).get(m.create(new long[] {-1, 0, -4})));
        test("inner index", m -> floats(m, 4, 5, 6).get(":, {}", integers(m, 5, 7)));
        test(
                "inner index of two axes",
                m -> floats(m, 4, 5, 6).get(":, {}, ...", integers(m, 5, 2, 3)));
        test("last index", m -> floats(m, 4, 5, 6).get("..., {}", integers(m, 6, 7)));
        test(
                "two indices",
                m -> floats(m, 4, 5, 6).get("{}, {}, ...", integers(m, 4, 3), integers(m, 5, 3)));
        test(
                "two indices broadcast",
                m ->
                        floats(m, 4, 5, 6)
                                .get("{}, {}, ...", integers(m, 4, 3, 1), integers(m, 5, 3, 7)));
        test(
                "two indices apart",
                m -> floats(m, 4, 5, 6).get("{}, :, {}", integers(m, 4, 3), integers(m, 6, 3)));
        test(
                "two indices behind",
                m -> floats(m, 4, 5, 6).get(":, {}, {}", integers(m, 5, 3), integers(m, 6, 3)));
        test(
                "three indices",
                m ->
                        floats(m, 4, 5, 6)
                                .get(
                                        "{}, {}, {}",
                                        integers(m, 4, 3),
                                        integers(m, 5, 3),
                                        integers(m, 6, 3)));
        test("number and index", m -> floats(m, 4, 5, 6).get("1, {}", integers(m, 5, 3)));
        test(
                "number between",
                m -> floats(m, 4, 5, 6).get("{}, 1, {}", integers(m, 4, 3), integers(m, 6, 3)));
        test("slice and index", m -> floats(m, 4, 5, 6).get("1:3, {}, ::2", integers(m, 5, 3)));
        test(
                "index of a transposed array",
                m ->
                        floats(m, 4, 5, 6)
                                .transpose(2, 0, 1)
                                .get("{}, {}", integers(m, 6, 3), integers(m, 4, 3)));
        test("boolean", m -> floats(m, 4, 5).get(floats(m, 4, 5).gt(0)));
        test(
                "boolean rows",
                m -> floats(m, 4, 5).get(m.create(new boolean[] {true, false, true, true})));
        test(
                "boolean and slice",
                m ->
                        floats(m, 4, 5)
                                .get("{}, 1:", m.create(new boolean[] {true, false, true, true})));
        test(
                "boolean columns",
                m ->
                        floats(m, 3, 4)
                                .get(":, {}", m.create(new boolean[] {true, false, true, true})));
        test("no boolean", m -> floats(m, 4, 5).get(floats(m, 4, 5).gt(100)));
        test(
                "pick",
                m -> floats(m, 4, 5).get(new NDIndex().addAllDim().addPickDim(integers(m, 5, 4))));
        test(
                "set by index",
                m -> {
                    NDArray array = floats(m, 4, 5);
                    array.set(new NDIndex("{}", m.create(new long[] {3, 1})), floats(m, 2, 5));
                    return array;
                });
        test(
                "set number by index",
                m -> {
                    NDArray array = floats(m, 4, 5);
                    array.set(new NDIndex(":, {}", m.create(new long[] {3, 1})), 8f);
                    return array;
                });
        test(
                "set by two indices",
                m -> {
                    NDArray array = floats(m, 4, 5, 2);
                    array.set(
                            new NDIndex(
                                    "{}, {}",
                                    m.create(new long[] {3, 1}),
                                    m.create(new long[] {0, 4})),
                            floats(m, 2));
                    return array;
                });
        test(
                "set by two indices apart",
                m -> {
                    NDArray array = floats(m, 4, 5, 3);
                    array.set(
                            new NDIndex(
                                    "{}, :, {}",
                                    m.create(new long[] {3, 1}),
                                    m.create(new long[] {0, 2})),
                            floats(m, 2, 5));
                    return array;
                });
        test(
                "set by boolean",
                m -> {
                    NDArray array = floats(m, 4, 5);
                    array.set(array.gt(0), 0);
                    return array;
                });
        test(
                "set boolean index",
                m -> {
                    NDArray array = floats(m, 4, 5);
                    array.set(new NDIndex().addBooleanIndex(array.lt(0)), 1);
                    return array;
                });
        test("mask", m -> floats(m, 4, 5).booleanMask(floats(m, 4, 5).gt(0)));
        test(
                "mask of inner axes",
                m ->
                        floats(m, 3, 4)
                                .booleanMask(m.create(new boolean[] {true, false, true, true}), 1));
        test("nonzero", m -> floats(m, 4, 5).gt(0).nonzero());
        test("nonzero of floats", m -> typed(m, DataType.FLOAT32, 3, 4).nonzero());
        test("gather", m -> floats(m, 4, 5).gather(integers(m, 5, 4, 3), 1));
        test("gather fewer rows", m -> floats(m, 4, 5).gather(integers(m, 5, 2, 3), 1));
        test("gather axis 0", m -> floats(m, 4, 5).gather(integers(m, 4, 3, 5), 0));
        test("gather of a view", m -> floats(m, 5, 4).transpose().gather(integers(m, 5, 4, 3), -1));
        test("take", m -> floats(m, 4, 5).take(integers(m, 20, 2, 3)));
        test("take of a view", m -> floats(m, 4, 5).transpose().take(integers(m, 20, 4)));
        test(
                "scatter",
                m ->
                        floats(m, 4, 5)
                                .scatter(
                                        m.create(new long[] {0, 2, 4, 3, 1, 0}, new Shape(2, 3)),
                                        floats(m, 2, 3),
                                        1));
        test("put", m -> floats(m, 4, 5).put(m.create(new long[] {3, 11}), floats(m, 2)));
        return tests;
    }
}
