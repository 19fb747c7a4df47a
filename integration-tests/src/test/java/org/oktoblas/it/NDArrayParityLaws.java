package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Creation, views, shapes, arithmetic, reductions and products give what PyTorch gives. */
abstract class NDArrayParityLaws extends EngineParity {

    NDArrayParityLaws(Target ours) {
        super(ours);
    }

    @TestFactory
    List<DynamicTest> creation() {
        test("arange int", m -> m.arange(7));
        test("arange float", m -> m.arange(0.5f, 3f, 0.25f));
        test("arange int64", m -> m.arange(3L, 9L, 1, DataType.INT64));
        test("arange backwards", m -> m.arange(5, -5, -3));
        test("arange empty", m -> m.arange(5, 5, 1, DataType.INT64));
        test("linspace", m -> m.linspace(-1f, 2f, 7));
        test("eye", m -> m.eye(3, 4, 0, DataType.FLOAT32));
        test("zeros", m -> m.zeros(new Shape(2, 3), DataType.INT64));
        test("ones", m -> m.ones(new Shape(2, 3), DataType.FLOAT16));
        test("full", m -> m.full(new Shape(2), 3.5f));
        test("scalar", m -> m.create(3.5f));
        test("empty", m -> m.create(new float[0]));
        for (DataType type : TYPES) {
            test("to " + type, m -> floats(m, 3, 4).mul(3).toType(type, false));
            test("zeros like " + type, m -> typed(m, type, 2, 2).zerosLike());
            test("ones like " + type, m -> typed(m, type, 2, 2).onesLike());
            test("decode " + type, m -> m.decode(typed(m, type, 2, 3).encode()));
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> arithmetic() {
        test("broadcast outer", m -> floats(m, 4, 1).add(floats(m, 1, 5)));
        test("broadcast scalar", m -> floats(m, 4, 5).mul(m.create(2f)));
        test("broadcast empty", m -> floats(m, 0, 5).mul(floats(m, 5)));
        test("of views", m -> floats(m, 5, 4).transpose().add(floats(m, 4, 10).get(":, ::2")));
        test(
                "in place",
                m -> {
                    NDArray a = floats(m, 4, 5);
                    return a.addi(floats(m, 5)).muli(2).divi(floats(m, 4, 1)).subi(1).negi();
                });
        test(
                "in place by own row",
                m -> {
                    NDArray a = floats(m, 4, 5);
                    return a.subi(a.get("0:1").duplicate());
                });
        test(
                "in place by own transpose",
                m -> {
                    NDArray a = floats(m, 4, 4);
                    return a.addi(a.transpose().duplicate());
                });
        test("powi", m -> floats(m, 4).abs().powi(2));
        test("maximum zeros like", m -> floats(m, 4, 5).maximum(floats(m, 4, 5).zerosLike()));
        test(
                "in place on a view",
                m -> {
                    NDArray a = floats(m, 4, 5);
                    a.transpose().get(1).muli(100);
                    return a;
                });
        List<Function<NDArray, NDArray>> functions =
                List.of(
                        NDArray::neg,
                        NDArray::abs,
                        NDArray::square,
                        NDArray::sqrt,
                        NDArray::floor,
                        NDArray::ceil,
                        NDArray::round,
                        NDArray::trunc,
                        NDArray::exp,
                        NDArray::log,
                        NDArray::log10,
                        NDArray::log2,
                        NDArray::sin,
                        NDArray::cos,
                        NDArray::tan,
                        NDArray::asin,
                        NDArray::acos,
                        NDArray::atan,
                        NDArray::sinh,
                        NDArray::cosh,
                        NDArray::tanh,
                        NDArray::toDegrees,
                        NDArray::toRadians,
                        NDArray::erf,
                        NDArray::erfinv,
                        NDArray::isNaN,
                        NDArray::isInfinite,
                        NDArray::sign,
                        a -> a.getNDArrayInternal().relu(),
                        a -> a.getNDArrayInternal().sigmoid(),
                        a -> a.getNDArrayInternal().gelu(),
                        a -> a.getNDArrayInternal().softPlus(),
                        a -> a.getNDArrayInternal().softSign(),
                        a -> a.getNDArrayInternal().selu(),
                        a -> a.getNDArrayInternal().elu(0.7f),
                        a -> a.getNDArrayInternal().leakyRelu(0.1f),
                        a -> a.getNDArrayInternal().swish(1f),
                        a -> a.getNDArrayInternal().swish(1.5f),
                        a -> a.getNDArrayInternal().mish());
        int i = 0;
        for (Function<NDArray, NDArray> function : functions) {
            String name = "function " + i++;
            test(name, m -> function.apply(floats(m, 4, 5)));
            test(name + " of a view", m -> function.apply(floats(m, 4, 5).transpose().get("1:3")));
        }
        test(
                "round halves",
                m -> m.create(new float[] {-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f}).round());
        test("special values", m -> special(m).add(1));
        test("maximum of special values", m -> special(m).maximum(0f));
        test("is NaN", m -> special(m).isNaN());
        test("is infinite", m -> special(m).isInfinite());
        test("max with NaN", m -> special(m).max());
        test("argMax with NaN", m -> special(m).argMax(0));
        test("sort with NaN", m -> special(m).sort());
        test("clip", m -> floats(m, 4, 5).clip(-0.5, 0.5));
        test("rdiv", m -> floats(m, 4, 5).getNDArrayInternal().rdiv(2f));
        test("rsub", m -> floats(m, 4, 5).getNDArrayInternal().rsub(2f));
        return tests;
    }

    @TestFactory
    List<DynamicTest> reductions() {
        for (int axis = -3; axis < 3; axis++) {
            int[] axes = {axis};
            int a = axis;
            for (boolean keep : new boolean[] {true, false}) {
                String name = " axis " + axis + (keep ? " kept" : "");
                test("sum" + name, m -> floats(m, 4, 5, 6).sum(axes, keep));
                test("mean" + name, m -> floats(m, 4, 5, 6).mean(axes, keep));
                test("max" + name, m -> floats(m, 4, 5, 6).max(axes, keep));
                test("min" + name, m -> floats(m, 4, 5, 6).transpose().min(axes, keep));
                test("prod" + name, m -> floats(m, 4, 5, 6).prod(axes, keep));
                test("norm" + name, m -> floats(m, 4, 5, 6).norm(axes, keep));
                test("norm 1" + name, m -> floats(m, 4, 5, 6).norm(1, axes, keep));
                test("norm 3" + name, m -> floats(m, 4, 5, 6).norm(3, axes, keep));
            }
            String name = " axis " + axis;
            test("argMax" + name, m -> floats(m, 4, 5, 6).argMax(a));
            test("argMin" + name, m -> floats(m, 4, 5, 6).transpose().argMin(a));
            test("argMax of equals" + name, m -> integers(m, 3, 4, 5, 6).argMax(a));
            test("cumSum" + name, m -> floats(m, 4, 5, 6).cumSum(a));
            test("softmax" + name, m -> floats(m, 4, 5, 6).softmax(a));
            test("softmax of a view" + name, m -> floats(m, 4, 5, 6).transpose().softmax(a));
            test("logSoftmax" + name, m -> floats(m, 4, 5, 6).logSoftmax(a));
            test("normalize" + name, m -> floats(m, 4, 5, 6).normalize(2, a));
            test("normalize 1" + name, m -> floats(m, 4, 5, 6).normalize(1, a));
            test("sort" + name, m -> floats(m, 4, 5, 6).sort(a));
            test("argSort" + name, m -> floats(m, 4, 5, 6).argSort(a));
            test("argSort of equals" + name, m -> integers(m, 3, 4, 5, 6).argSort(a));
            test("argSort descending" + name, m -> floats(m, 4, 5, 6).argSort(a, false));
            lists("topK" + name, m -> floats(m, 4, 5, 6).topK(3, a));
            lists("topK smallest" + name, m -> floats(m, 4, 5, 6).topK(2, a, false, true));
        }
        test("sum of axes", m -> floats(m, 4, 5, 6).sum(new int[] {0, 2}));
        test("sum of all", m -> floats(m, 4, 5, 6).sum());
        test("mean of all", m -> floats(m, 4, 5, 6).mean());
        test("max of all", m -> floats(m, 4, 5, 6).max());
        test("norm of all", m -> floats(m, 4, 5, 6).norm());
        test("argMax of all", m -> floats(m, 4, 5, 6).argMax());
        test("argMax of all of a view", m -> floats(m, 4, 5, 6).transpose().argMax());
        test("argMin of all", m -> floats(m, 4, 5, 6).argMin());
        test("sum of a scalar", m -> m.create(3f).sum());
        test("argMax of a scalar", m -> m.create(3f).argMax(0));
        test("cumSum of default axis", m -> floats(m, 4, 5).cumSum());
        test("sum of empty", m -> floats(m, 0, 3).sum(new int[] {0}));
        lists("topK unsorted of many", m -> floats(m, 2, 1000).topK(4, -1, true, false));
        lists("topK unsorted of few", m -> floats(m, 2, 9).topK(3, -1, true, false));
        lists("topK unsorted of 4", m -> floats(m, 30, 4).topK(2, -1, true, false));
        lists("topK unsorted of 16", m -> floats(m, 30, 16).topK(4, -1, true, false));
        lists("topK unsorted of 100", m -> floats(m, 30, 100).topK(10, -1, true, false));
        return tests;
    }

    @TestFactory
    List<DynamicTest> shapes() {
        test("reshape", m -> floats(m, 4, 6).reshape(3, 8));
        test("reshape -1", m -> floats(m, 4, 6).reshape(2, -1, 3));
        test("reshape of a transposed array", m -> floats(m, 4, 6).transpose().reshape(8, 3));
        test("reshape of a slice", m -> floats(m, 4, 6, 2).get(":, 1:3").reshape(4, 4));
        test(
                "reshape writes through",
                m -> {
                    NDArray a = floats(m, 4, 6);
                    a.reshape(24).get("3:7").muli(0);
                    return a;
                });
        test("flatten", m -> floats(m, 4, 6).transpose().flatten());
        test("flatten axes", m -> floats(m, 2, 3, 4, 5).flatten(1, -2));
        for (int axis = -3; axis < 3; axis++) {
            int a = axis;
            test("expandDims " + axis, m -> floats(m, 4, 6).expandDims(a));
        }
        test("squeeze", m -> floats(m, 1, 4, 1).squeeze());
        test("squeeze axis", m -> floats(m, 1, 4, 1).squeeze(-1));
        test("squeeze other axis", m -> floats(m, 1, 4, 1).squeeze(1));
        test("squeeze axes", m -> floats(m, 1, 4, 1).squeeze(new int[] {0, 2}));
        test("transpose", m -> floats(m, 2, 3, 4).transpose());
        test("transpose axes", m -> floats(m, 2, 3, 4).transpose(1, -1, 0));
        test("swapAxes", m -> floats(m, 2, 3, 4).swapAxes(0, 2));
        test("broadcast", m -> floats(m, 1, 3).broadcast(4, 2, 3));
        test("flip", m -> floats(m, 2, 3, 4).flip(0, 2));
        lists("split sections", m -> floats(m, 6, 4).split(3));
        lists("split sections of an axis", m -> floats(m, 6, 4).split(2, 1));
        lists("split at indices", m -> floats(m, 6, 4).split(new long[] {1, 4}));
        lists("split at indices of an axis", m -> floats(m, 6, 4).split(new long[] {2}, 1));
        test(
                "split writes through",
                m -> {
                    NDArray a = floats(m, 6, 4);
                    a.split(2, 1).get(1).muli(0);
                    return a;
                });
        test("concat", m -> floats(m, 2, 3).concat(floats(m, 4, 3)));
        test("concat axis", m -> floats(m, 2, 3).concat(floats(m, 2, 5), 1));
        test("concat last axis", m -> floats(m, 2, 3).concat(floats(m, 2, 5), -1));
        test(
                "concat of views",
                m -> floats(m, 3, 2).transpose().concat(floats(m, 2, 6).get(":, ::2"), 0));
        test("concat with empty", m -> floats(m, 2, 0).concat(floats(m, 2, 5), 1));
        test("concat of types", m -> floats(m, 2).concat(integers(m, 5, 3)));
        test(
                "concat of many",
                m ->
                        NDArrays.concat(
                                new NDList(floats(m, 2, 3), floats(m, 1, 3), floats(m, 4, 3))));
        for (int axis = -3; axis < 3; axis++) {
            int a = axis;
            test("stack " + axis, m -> floats(m, 2, 3).stack(floats(m, 2, 3).neg(), a));
        }
        test("stack of scalars", m -> NDArrays.stack(new NDList(m.create(1f), m.create(2f))));
        test("repeat axis 0", m -> floats(m, 2, 3).repeat(0, 3));
        test("repeat axis 1", m -> floats(m, 2, 3).repeat(1, 3));
        test("repeat along a long axis", m -> floats(m, 5, 3000).repeat(1, 3));
        test("copy of short columns", m -> floats(m, 30, 40, 6).get(":, ::2, 1:4").duplicate());
        test("copy of a narrow transpose", m -> floats(m, 3, 5000).transpose().duplicate());
        test("repeat negative axis", m -> floats(m, 2, 3).repeat(-1, 3));
        test("repeat of a view", m -> floats(m, 2, 3).transpose().repeat(0, 3));
        test("repeat all", m -> floats(m, 2, 3).repeat(2));
        test("repeat each", m -> floats(m, 2, 3).repeat(new long[] {2, 3}));
        test("repeat to shape", m -> floats(m, 2, 3).repeat(new Shape(4, 3)));
        test("tile all", m -> floats(m, 2, 3).tile(2));
        test("tile each", m -> floats(m, 2, 3).tile(new long[] {2, 3}));
        test("tile more axes", m -> floats(m, 2, 3).tile(new long[] {2, 1, 3}));
        test("pad", m -> floats(m, 2, 3).pad(new Shape(1, 2, 3, 0), 7));
        test("pad last axis", m -> floats(m, 2, 3).pad(new Shape(1, 2), -1));
        test("duplicate of a view", m -> floats(m, 2, 3).transpose().duplicate());
        return tests;
    }

    @TestFactory
    List<DynamicTest> products() {
        long[][][] pairs = {
            {{4, 5}, {5, 6}},
            {{5}, {5}},
            {{5}, {5, 3}},
            {{4, 5}, {5}},
            {{2, 4, 5}, {5, 6}},
            {{2, 4, 5}, {2, 5, 6}},
            {{2, 4, 5}, {1, 5, 6}},
            {{4, 5}, {2, 5, 6}},
            {{3, 1, 4, 5}, {2, 5, 6}},
            {{2, 4, 5}, {5}},
            {{5}, {2, 5, 6}},
            {{1, 64}, {64, 100}},
            {{0, 5}, {5, 3}},
            {{4, 0}, {0, 3}},
            {{33, 70}, {70, 41}}
        };
        for (long[][] pair : pairs) {
            String name = new Shape(pair[0]) + " " + new Shape(pair[1]);
            test("matMul " + name, m -> floats(m, pair[0]).matMul(floats(m, pair[1])));
            test(
                    "matMul float64 " + name,
                    m ->
                            floats(m, pair[0])
                                    .toType(DataType.FLOAT64, false)
                                    .matMul(floats(m, pair[1]).toType(DataType.FLOAT64, false)));
            test(
                    "matMul int64 " + name,
                    m -> integers(m, 9, pair[0]).matMul(integers(m, 9, pair[1])));
        }
        test(
                "matMul of views",
                m -> floats(m, 5, 4).transpose().matMul(floats(m, 6, 10).transpose().get("::2")));
        test(
                "matMul of a broadcast view",
                m -> floats(m, 4, 5).matMul(floats(m, 5, 1).broadcast(5, 3)));
        test(
                "batchMatMul",
                m -> floats(m, 2, 4, 5).batchMatMul(floats(m, 2, 6, 5).transpose(0, 2, 1)));
        test("dot vectors", m -> floats(m, 5).dot(floats(m, 5)));
        test("dot matrices", m -> floats(m, 4, 5).dot(floats(m, 5, 3)));
        lists(
                "linear",
                m ->
                        floats(m, 1)
                                .getNDArrayInternal()
                                .linear(floats(m, 2, 4, 5), floats(m, 6, 5), floats(m, 6)));
        lists(
                "linear without bias",
                m ->
                        floats(m, 1)
                                .getNDArrayInternal()
                                .linear(floats(m, 4, 5), floats(m, 6, 5), null));
        lists(
                "embedding",
                m ->
                        floats(m, 1)
                                .getNDArrayInternal()
                                .embedding(
                                        integers(m, 7, 2, 3), floats(m, 7, 5), SparseFormat.DENSE));
        lists(
                "layerNorm",
                m ->
                        floats(m, 1)
                                .getNDArrayInternal()
                                .layerNorm(
                                        floats(m, 4, 6, 5),
                                        new Shape(5),
                                        floats(m, 5),
                                        floats(m, 5),
                                        1e-5f));
        lists(
                "layerNorm of two axes",
                m ->
                        floats(m, 1)
                                .getNDArrayInternal()
                                .layerNorm(
                                        floats(m, 4, 6, 5),
                                        new Shape(6, 5),
                                        floats(m, 6, 5),
                                        floats(m, 6, 5),
                                        1e-3f));
        lists(
                "dropout",
                m -> floats(m, 1).getNDArrayInternal().dropout(floats(m, 4, 6), 0.5f, false));
        return tests;
    }
}
