package org.oktoblas.bench.ndarray;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.oktoblas.bench.ndarray.ArrayOperation.Kind;
import org.oktoblas.bench.ndarray.ArrayOperation.Preparation;

/** What is measured: what programs do with arrays, of float32 unless the name says otherwise. */
final class ArrayOperations {

    /** Float32 sums of different order, and functions that are right to a few units. */
    private static final double FLOAT32 = 1e-5;

    /** Long sums of products of either sign, which cancel. */
    private static final double LONG_SUMS = 1e-4;

    /** The peer adds squares in float32: of 8,388,608 its norm is 2e-4 off, ours is not. */
    private static final double SQUARES = 5e-4;

    /** Half a unit of float16 in the last place, either way. */
    private static final double FLOAT16 = 1e-3;

    private final List<ArrayOperation> all = new ArrayList<>();

    private ArrayOperations() {
        arithmetic();
        functions();
        logic();
        types();
        reductions();
        normalizations();
        order();
        shapes();
        indexing();
        creation();
        layers();
    }

    /** Returns all operations. */
    static List<ArrayOperation> all() {
        return List.copyOf(new ArrayOperations().all);
    }

    private void arithmetic() {
        binary("add", NDArray::add);
        binary("sub", NDArray::sub);
        binary("mul", NDArray::mul);
        binary("div", NDArray::div);
        binary("maximum", NDArray::maximum);
        unary("add number", a -> a.add(1.5f));
        unary("mul number", a -> a.mul(1.5f));
        unary("pow number", a -> a.pow(2));
        fresh(
                "add row",
                in -> {
                    NDArray a = in.signed();
                    NDArray row = in.uniform(-1, 1, new Shape(in.columns()));
                    return () -> a.add(row);
                });
        fresh(
                "sub column",
                in -> {
                    NDArray a = in.signed();
                    NDArray column = in.uniform(-1, 1, new Shape(in.rows(), 1));
                    return () -> a.sub(column);
                });
        inPlace(
                "addi",
                in -> {
                    NDArray a = in.signed();
                    NDArray b = in.signed();
                    return () -> a.addi(b);
                });
        inPlace(
                "muli number",
                in -> {
                    NDArray a = in.signed();
                    // However often it is called, the numbers stay what they are.
                    return () -> a.muli(1f);
                });
        fresh("add int64", in -> integers(in, NDArray::add));
        fresh("mul int64", in -> integers(in, NDArray::mul));
    }

    private void functions() {
        unary("exp", NDArray::exp);
        ofPositive("log", NDArray::log);
        ofPositive("sqrt", NDArray::sqrt);
        unary("sin", NDArray::sin);
        unary("tanh", NDArray::tanh);
        unary("erf", NDArray::erf);
        unary("abs", NDArray::abs);
        unary("round", NDArray::round);
        unary("clip", a -> a.clip(-1, 1));
        unary("sigmoid", Activation::sigmoid);
        unary("relu", Activation::relu);
        unary("gelu", Activation::gelu);
    }

    private void logic() {
        binary("gt", NDArray::gt);
        unary("gte number", a -> a.gte(0.5f));
        fresh(
                "logicalAnd",
                in -> {
                    NDArray a = in.booleans();
                    NDArray b = in.booleans();
                    return () -> a.logicalAnd(b);
                });
        fresh(
                "where",
                in -> {
                    NDArray condition = in.booleans();
                    NDArray a = in.signed();
                    NDArray b = in.signed();
                    return () -> NDArrays.where(condition, a, b);
                });
    }

    private void types() {
        add("float32 to float16", Kind.FRESH, FLOAT16, in -> cast(in.signed(), DataType.FLOAT16));
        fresh(
                "float16 to float32",
                in -> {
                    try (NDArray wide = in.signed()) {
                        return cast(wide.toType(DataType.FLOAT16, false), DataType.FLOAT32);
                    }
                });
        fresh("int64 to float32", in -> cast(in.indices(1000, in.shape()), DataType.FLOAT32));
    }

    private void reductions() {
        ofPositive("sum", NDArray::sum);
        ofPositive("sum axis 0", a -> a.sum(new int[] {0}));
        ofPositive("sum axis 1", a -> a.sum(new int[] {1}));
        ofPositive("mean", NDArray::mean);
        ofPositive("mean axis 1", a -> a.mean(new int[] {1}));
        unary("max", NDArray::max);
        unary("max axis 0", a -> a.max(new int[] {0}));
        unary("max axis 1", a -> a.max(new int[] {1}));
        add(
                "norm",
                Kind.FRESH,
                SQUARES,
                in -> {
                    NDArray a = in.signed();
                    return a::norm;
                });
        ofPositive("cumSum axis 1", a -> a.cumSum(1));
        fresh(
                "argMax axis 1",
                in -> {
                    NDArray a = in.distinct();
                    return () -> a.argMax(1);
                });
        fresh(
                "sum int64",
                in -> {
                    NDArray a = in.indices(1000, in.shape());
                    return a::sum;
                });
    }

    private void normalizations() {
        unary("softmax", a -> a.softmax(-1));
        unary("logSoftmax", a -> a.logSoftmax(-1));
        fresh(
                "layerNorm",
                in -> {
                    NDArray a = in.signed();
                    Shape row = new Shape(in.columns());
                    NDArray gamma = in.uniform(0.5f, 2, row);
                    NDArray beta = in.uniform(-1, 1, row);
                    return () -> LayerNorm.layerNorm(a, row, gamma, beta, 1e-5f);
                });
    }

    private void order() {
        unary("sort", a -> a.sort(1));
        fresh(
                "topK 8",
                in -> {
                    NDArray a = in.distinct();
                    int most = Math.min(8, in.columns());
                    return () -> a.topK(most, 1);
                });
    }

    private void shapes() {
        unary("transpose and duplicate", a -> copy(a.transpose()));
        fresh("concat", in -> pair(in, list -> NDArrays.concat(list, 0)));
        fresh("stack", in -> pair(in, list -> NDArrays.stack(list, 0)));
        unary("tile", a -> a.tile(new long[] {2, 1}));
        unary("repeat", a -> a.repeat(1, 2));
    }

    private void indexing() {
        NDIndex everySecond = new NDIndex(":, ::2");
        unary("get with a step", a -> copy(a.get(everySecond)));
        fresh(
                "gather",
                in -> {
                    NDArray a = in.signed();
                    NDArray index = in.indices(in.columns(), in.shape());
                    return () -> a.gather(index, 1);
                });
        fresh(
                "take",
                in -> {
                    NDArray a = in.signed();
                    NDArray index = in.indices(in.size(), in.shape());
                    return () -> a.take(index);
                });
        fresh(
                "embedding",
                in -> {
                    NDArray weight = in.signed();
                    NDArray index = in.indices(in.rows(), new Shape(in.rows()));
                    return () -> Embedding.embedding(index, weight, SparseFormat.DENSE);
                });
        fresh(
                "booleanMask",
                in -> {
                    NDArray a = in.signed();
                    NDArray mask = in.booleans();
                    return () -> a.booleanMask(mask);
                });
        inPlace(
                "set a slice to a number",
                in -> {
                    NDArray a = in.signed();
                    return () -> {
                        a.set(everySecond, 0.5f);
                        return a;
                    };
                });
        inPlace(
                "set a slice to an array",
                in -> {
                    NDArray a = in.signed();
                    NDArray part = a.get(everySecond).duplicate().neg();
                    return () -> {
                        a.set(everySecond, part);
                        return a;
                    };
                });
    }

    private void creation() {
        fresh("zeros", in -> () -> in.manager().zeros(in.shape(), DataType.FLOAT32));
        fresh("arange", in -> () -> in.manager().arange(0f, in.size(), 1f, DataType.FLOAT32));
        fresh(
                "create from float[]",
                in -> {
                    float[] numbers = in.numbers(-1, 1, in.size());
                    return () -> in.manager().create(numbers, in.shape());
                });
        fresh(
                "toFloatArray",
                in -> {
                    NDArray a = in.signed();
                    return a::toFloatArray;
                });
        add(
                "randomUniform",
                Kind.RANDOM,
                0,
                in -> () -> in.manager().randomUniform(0, 1, in.shape(), DataType.FLOAT32));
        add(
                "randomNormal",
                Kind.RANDOM,
                0,
                in -> () -> in.manager().randomNormal(0, 1, in.shape(), DataType.FLOAT32));
    }

    private void layers() {
        add(
                "conv2d 3x3",
                Kind.FRESH,
                LONG_SUMS,
                in -> {
                    NDArray images = in.images();
                    long channels = images.getShape().get(1);
                    long filters = Math.max(4, Math.min(64, 2 * channels));
                    NDArray weight = in.uniform(-1, 1, new Shape(filters, channels, 3, 3));
                    NDArray bias = in.uniform(-1, 1, new Shape(filters));
                    Shape one = new Shape(1, 1);
                    return () -> Conv2d.conv2d(images, weight, bias, one, one);
                });
        fresh(
                "maxPool2d 2x2",
                in -> {
                    NDArray images = in.images();
                    Shape two = new Shape(2, 2);
                    Shape zero = new Shape(0, 0);
                    return () -> Pool.maxPool2d(images, two, two, zero, false);
                });
        add(
                "matMul",
                Kind.MATRIX_PRODUCT,
                LONG_SUMS,
                in -> {
                    NDArray a = in.square();
                    NDArray b = in.square();
                    return () -> a.matMul(b);
                });
    }

    private void binary(String name, BinaryOperator<NDArray> operation) {
        fresh(
                name,
                in -> {
                    NDArray a = in.signed();
                    NDArray b = in.positive();
                    return () -> operation.apply(a, b);
                });
    }

    private void unary(String name, UnaryOperator<NDArray> operation) {
        fresh(
                name,
                in -> {
                    NDArray a = in.signed();
                    return () -> operation.apply(a);
                });
    }

    private void ofPositive(String name, UnaryOperator<NDArray> operation) {
        fresh(
                name,
                in -> {
                    NDArray a = in.positive();
                    return () -> operation.apply(a);
                });
    }

    private void fresh(String name, Preparation preparation) {
        add(name, Kind.FRESH, FLOAT32, preparation);
    }

    private void inPlace(String name, Preparation preparation) {
        add(name, Kind.IN_PLACE, FLOAT32, preparation);
    }

    private void add(String name, Kind kind, double tolerance, Preparation preparation) {
        all.add(new ArrayOperation(name, kind, tolerance, preparation));
    }

    private static ArrayOperation.Call integers(ArrayInputs in, BinaryOperator<NDArray> operation) {
        NDArray a = in.indices(1000, in.shape());
        NDArray b = in.indices(1000, in.shape());
        return () -> operation.apply(a, b);
    }

    private static ArrayOperation.Call cast(NDArray array, DataType type) {
        return () -> array.toType(type, false);
    }

    private interface Join {
        NDArray of(NDList arrays);
    }

    private static ArrayOperation.Call pair(ArrayInputs in, Join join) {
        NDList arrays = new NDList(in.signed(), in.signed());
        return () -> join.of(arrays);
    }

    /** Copies a view, and closes it. */
    private static NDArray copy(NDArray view) {
        try (view) {
            return view.duplicate();
        }
    }
}
