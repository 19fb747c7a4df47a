package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.SparseFormat;
import org.oktoblas.engine.OktoNDManager;
import org.oktoblas.engine.TransformerOps;
import org.oktoblas.engine.backend.Activation;

/**
 * GPT-2's operations on this engine's fused ones, all on the owner's device. Linear weights are
 * packed as they are read and the source's memory is not kept. Embeddings keep their stored type:
 * on a CPU they stay where they are, a mapped file as a rule, since a token touches but one of
 * their rows; a GPU gets a copy.
 */
final class FusedOps implements Gpt2Ops {

    private final OktoNDManager owner;
    private final TensorSource weights;
    private final TransformerOps ops;
    private final Precision precision;

    /** Loads what is asked for, to be freed with the owner. */
    FusedOps(OktoNDManager owner, TensorSource weights, Precision precision) {
        this.owner = owner;
        this.weights = weights;
        this.precision = precision;
        ops = owner.transformerOps();
    }

    /** A tensor in the type in which it is held: as stored, unless float16 is asked for. */
    private NDArray held(String name) {
        DataType stored = weights.dataType(name);
        NDArray array = owner.wrap(weights.data(name), weights.shape(name), stored);
        if (precision != Precision.FP16 || stored == DataType.FLOAT16) {
            return array;
        }
        try (array) {
            return array.toType(DataType.FLOAT16, true);
        }
    }

    private NDArray float32(String name) {
        try (NDArray array = held(name)) {
            return array.toType(DataType.FLOAT32, true);
        }
    }

    @Override
    public Table table(String name) {
        NDArray table = held(name);
        return (manager, indices) -> {
            NDArray rows =
                    indices.getNDArrayInternal()
                            .embedding(indices, table, SparseFormat.DENSE)
                            .head()
                            .toType(DataType.FLOAT32, false);
            rows.attach(manager);
            return rows;
        };
    }

    @Override
    public Norm norm(String name, double epsilon) {
        NDArray gamma = float32(name + ".weight");
        NDArray beta = float32(name + ".bias");
        return x -> ops.layerNorm(x, gamma, beta, epsilon);
    }

    @Override
    public Dense dense(String name, Activation activation) {
        try (NDArray weight = held(name + ".weight");
                NDArray bias = float32(name + ".bias")) {
            return dense(weight, false, bias, activation);
        }
    }

    @Override
    public Dense head(String name) {
        try (NDArray weight = held(name)) {
            return dense(weight, true, null, Activation.NONE);
        }
    }

    private Dense dense(NDArray weight, boolean transposed, NDArray bias, Activation activation) {
        TransformerOps.Linear linear =
                ops.linear(owner, weight, transposed, bias, precision.mode(owner.getDevice()));
        return new Dense() {

            @Override
            public NDArray apply(NDArray x) {
                return ops.apply(linear, x, activation);
            }

            @Override
            public NDArray addTo(NDArray residual, NDArray x) {
                return ops.addTo(residual, linear, x);
            }
        };
    }

    @Override
    public NDArray mask(NDManager manager, NDArray visible, long queries, long keys) {
        return visible;
    }

    @Override
    public NDArray append(NDArray past, NDArray added) {
        return ops.append(past, added);
    }

    @Override
    public NDArray attention(
            NDArray query, NDArray keys, NDArray values, NDArray mask, double scale) {
        return ops.attention(query, keys, values, mask, scale);
    }
}
