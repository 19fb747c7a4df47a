package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Normalization of batches, and activations with parameters. */
final class NormalizationOperations {

    private NormalizationOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(batchNorm(false));
        list.add(batchNorm(true));
        list.add(prelu());
        return list;
    }

    private static Operation batchNorm(boolean training) {
        return Operation.of(
                "NDArrayEx.batchNorm(...)" + (training ? " in training" : ""),
                // Differences from the mean, over a deviation of at least sqrt(eps) = 0.1, are
                // scaled and shifted by numbers of up to some 10.
                Tolerance.near(1000, 8),
                draw -> {
                    int rank = 2 + draw.below(4);
                    long[] shape = draw.shape(rank, rank);
                    for (int i = 0; i < rank; i++) {
                        shape[i] = Math.max(training ? 2 : 1, Math.min(5, shape[i]));
                    }
                    int axis = draw.note("axis", draw.of(-1, 1, rank - 1));
                    long channels = shape[axis < 0 ? 1 : axis];
                    DataType type = draw.of(Draw.WIDE_FLOATS);
                    draw.add(type, Values.REAL, shape);
                    draw.separate(type, Values.REAL, channels);
                    draw.separate(type, Values.POSITIVE, channels);
                    draw.add(type, Values.REAL, channels);
                    draw.add(type, Values.REAL, channels);
                    boolean affine = !draw.flag("plain");
                    float momentum = draw.note("momentum", draw.of(0.9f, 0.5f, 0f, 1f));
                    Call call = normalize(axis, affine, momentum, training);
                    // PyTorch's engine needs gamma and beta.
                    return affine
                            ? call
                            : call.instead(
                                    (m, x) -> {
                                        NDArray ones = m.ones(new Shape(channels), type);
                                        NDArray zeros = m.zeros(new Shape(channels), type);
                                        NDArray[] y = {x[0], x[1], x[2], ones, zeros};
                                        return normalize(axis, true, momentum, training)
                                                .body()
                                                .run(m, y);
                                    });
                });
    }

    private static Call normalize(int axis, boolean affine, float momentum, boolean training) {
        return Call.of(
                (m, x) -> {
                    NDList result =
                            x[0].getNDArrayInternal()
                                    .batchNorm(
                                            x[0],
                                            x[1],
                                            x[2],
                                            affine ? x[3] : null,
                                            affine ? x[4] : null,
                                            axis,
                                            momentum,
                                            1e-2f,
                                            training);
                    return new NDList(result.singletonOrThrow());
                });
    }

    private static Operation prelu() {
        return Operation.of(
                "NDArrayEx.prelu(NDArray, NDArray)",
                Tolerance.ROUNDED,
                draw -> {
                    long[] shape = draw.shape(2, 4);
                    DataType type = draw.of(Draw.FLOATS);
                    draw.add(type, draw.values(), shape);
                    draw.add(type, Values.REAL, draw.oneIn(3) ? 1 : shape[1]);
                    long[] each = new long[shape.length];
                    Arrays.fill(each, 1);
                    each[1] = -1;
                    // PyTorch's engine has none.
                    return Call.of(
                                    (m, x) ->
                                            x[0].getNDArrayInternal()
                                                    .prelu(x[0], x[1])
                                                    .singletonOrThrow())
                            .instead(
                                    (m, x) -> {
                                        NDArray steep = x[0].mul(x[1].reshape(each));
                                        return NDArrays.where(x[0].gt(0), x[0], steep);
                                    });
                });
    }
}
