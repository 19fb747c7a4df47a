package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Pooling gives what PyTorch gives, or the definition. */
abstract class PoolingLaws extends EngineParity {

    PoolingLaws(Target ours) {
        super(ours);
    }

    private static long[] shape(long... lengths) {
        return lengths;
    }

    /** What a pooling takes. */
    private record Pool(long[] input, Shape kernel, Shape stride, Shape padding) {

        @Override
        public String toString() {
            return Arrays.toString(input)
                    + " kernel "
                    + kernel
                    + " stride "
                    + stride
                    + " padding "
                    + padding;
        }
    }

    private static final List<Pool> POOLS =
            List.of(
                    new Pool(shape(2, 3, 10), new Shape(3), new Shape(2), new Shape(0)),
                    new Pool(shape(2, 3, 11), new Shape(4), new Shape(3), new Shape(2)),
                    new Pool(shape(2, 3, 9), new Shape(9), new Shape(1), new Shape(0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(2, 2), new Shape(2, 2), new Shape(0, 0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(3, 3), new Shape(2, 2), new Shape(1, 1)),
                    new Pool(shape(2, 3, 9, 8), new Shape(3, 3), new Shape(1, 1), new Shape(1, 1)),
                    new Pool(shape(2, 3, 9, 8), new Shape(5, 2), new Shape(3, 3), new Shape(2, 1)),
                    new Pool(shape(2, 3, 9, 8), new Shape(7, 1), new Shape(2, 1), new Shape(3, 0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(1, 1), new Shape(1, 1), new Shape(0, 0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(2, 2), new Shape(4, 5), new Shape(1, 1)),
                    new Pool(
                            shape(2, 3, 5, 9, 8),
                            new Shape(2, 3, 3),
                            new Shape(2, 2, 2),
                            new Shape(1, 0, 1)),
                    new Pool(
                            shape(2, 3, 5, 9, 8),
                            new Shape(3, 2, 2),
                            new Shape(1, 3, 2),
                            new Shape(1, 1, 0)));

    @TestFactory
    List<DynamicTest> pooling() {
        for (Pool p : POOLS) {
            for (boolean ceil : new boolean[] {false, true}) {
                String name = " " + p + (ceil ? " up" : "");
                Function<NDArray, NDArray> max =
                        a -> a.getNDArrayInternal().maxPool(p.kernel, p.stride, p.padding, ceil);
                Function<NDArray, NDArray> average =
                        a ->
                                a.getNDArrayInternal()
                                        .avgPool(p.kernel, p.stride, p.padding, ceil, true);
                for (DataType type :
                        new DataType[] {DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16}) {
                    test("maxPool " + type + name, m -> max.apply(floats(m, type, p.input)));
                    if (type != DataType.FLOAT16) {
                        test(
                                "avgPool " + type + name,
                                m -> average.apply(floats(m, type, p.input)));
                    }
                }
                // Not every engine has means of float16; ours are rounded once.
                reference(
                        "avgPool float16" + name,
                        m ->
                                new NDList(
                                        average.apply(
                                                        floats(m, DataType.FLOAT16, p.input)
                                                                .toType(DataType.FLOAT32, false))
                                                .toType(DataType.FLOAT16, false)),
                        m -> new NDList(average.apply(floats(m, DataType.FLOAT16, p.input))));
                reference(
                        "maxPool bfloat16" + name,
                        m -> new NDList(max.apply(wholes(m, p.input))),
                        m ->
                                new NDList(
                                        max.apply(
                                                        wholes(m, p.input)
                                                                .toType(DataType.BFLOAT16, false))
                                                .toType(DataType.FLOAT32, false)));
                LayerReference.Geometry geometry =
                        LayerReference.Geometry.of(p.kernel, p.stride, p.padding);
                reference(
                        "avgPool without padding" + name,
                        m ->
                                new NDList(
                                        LayerReference.pool(
                                                m,
                                                floats(m, p.input),
                                                geometry,
                                                ceil,
                                                window ->
                                                        Arrays.stream(window)
                                                                .average()
                                                                .orElseThrow())),
                        m ->
                                new NDList(
                                        floats(m, p.input)
                                                .getNDArrayInternal()
                                                .avgPool(
                                                        p.kernel, p.stride, p.padding, ceil,
                                                        false)));
                lpPool(p, ceil, name);
            }
        }
        globalPooling();
        test(
                "maxPool int64",
                m ->
                        integers(m, 100, 2, 3, 9, 8)
                                .getNDArrayInternal()
                                .maxPool(new Shape(3, 3), new Shape(2, 2), new Shape(1, 1), true));
        test(
                "avgPool int64",
                m ->
                        integers(m, 100, 2, 3, 9, 8)
                                .sub(50)
                                .getNDArrayInternal()
                                .avgPool(
                                        new Shape(3, 3),
                                        new Shape(2, 2),
                                        new Shape(1, 1),
                                        true,
                                        true));
        test(
                "maxPool of a view with NaN",
                m ->
                        special(m)
                                .reshape(1, 1, 2, 3)
                                .transpose(0, 1, 3, 2)
                                .getNDArrayInternal()
                                .maxPool(new Shape(2, 2), new Shape(1, 1), new Shape(0, 1), false));
        return tests;
    }

    private void lpPool(Pool p, boolean ceil, String name) {
        if (Arrays.stream(p.padding.getShape()).allMatch(length -> length == 0)
                && p.kernel.dimension() < 3) {
            for (float power : new float[] {1, 2, 3, 2.5f}) {
                test(
                        "lpPool " + power + name,
                        m ->
                                floats(m, p.input)
                                        .abs()
                                        .getNDArrayInternal()
                                        .lpPool(power, p.kernel, p.stride, p.padding, ceil));
            }
        } else if (!ceil) {
            reference(
                    "lpPool" + name,
                    m ->
                            new NDList(
                                    LayerReference.pool(
                                            m,
                                            floats(m, p.input),
                                            LayerReference.Geometry.of(
                                                    p.kernel, p.stride, p.padding),
                                            false,
                                            window ->
                                                    Math.sqrt(
                                                            Arrays.stream(window)
                                                                    .map(x -> x * x)
                                                                    .sum()))),
                    m ->
                            new NDList(
                                    floats(m, p.input)
                                            .getNDArrayInternal()
                                            .lpPool(2, p.kernel, p.stride, p.padding, false)));
        }
    }

    private void globalPooling() {
        long[][] shapes = {{2, 3, 10}, {2, 3, 9, 8}, {2, 3, 4, 5, 6}};
        for (long[] shape : shapes) {
            String name = " " + new Shape(shape);
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
                test(
                        "globalMaxPool " + type + name,
                        m -> floats(m, type, shape).getNDArrayInternal().globalMaxPool());
                test(
                        "globalAvgPool " + type + name,
                        m -> floats(m, type, shape).getNDArrayInternal().globalAvgPool());
            }
            if (shape.length < 5) {
                test(
                        "globalLpPool" + name,
                        m -> floats(m, shape).getNDArrayInternal().globalLpPool(2));
            } else {
                reference(
                        "globalLpPool" + name,
                        m -> new NDList(floats(m, shape).norm(new int[] {2, 3, 4})),
                        m -> new NDList(floats(m, shape).getNDArrayInternal().globalLpPool(2)));
            }
        }
    }
}
