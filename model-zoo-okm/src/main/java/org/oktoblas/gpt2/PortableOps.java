package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import org.oktoblas.engine.backend.Activation;

/**
 * GPT-2's operations on the plain NDArray API, for any engine, in float32. Intermediate results are
 * closed at once rather than with their manager: the engine's allocator then hands the same memory
 * out again while it is warm.
 */
final class PortableOps implements Gpt2Ops {

    /** Added to the score of a padding key. */
    private static final float PADDING = -1e30f;

    /**
     * Added to the score of a key that is yet to come. So much lower than PADDING that a query that
     * sees padding only looks at that padding, never ahead, as the fused attention does.
     */
    private static final float FUTURE = -Float.MAX_VALUE;

    private static final float GELU_LINEAR = (float) Math.sqrt(2 / Math.PI);
    private static final float GELU_CUBIC = (float) (0.044715 * Math.sqrt(2 / Math.PI));

    private final NDManager owner;
    private final TensorSource weights;

    /** Loads what is asked for out of the source into arrays of the owner. */
    PortableOps(NDManager owner, TensorSource weights) {
        this.owner = owner;
        this.weights = weights;
    }

    /** Copies a tensor into the engine's memory as FLOAT32. */
    private NDArray load(String name) {
        try (NDArray stored =
                owner.create(weights.data(name), weights.shape(name), weights.dataType(name))) {
            // PyTorch's stored is the buffer itself, and its toType copies only to another type.
            return stored.getDataType() == DataType.FLOAT32
                    ? stored.duplicate()
                    : stored.toType(DataType.FLOAT32, true);
        }
    }

    @Override
    public Table table(String name) {
        NDArray table = load(name);
        return (manager, indices) -> {
            NDArray rows =
                    indices.getNDArrayInternal()
                            .embedding(indices, table, SparseFormat.DENSE)
                            .head();
            rows.attach(manager);
            return rows;
        };
    }

    @Override
    public Norm norm(String name, double epsilon) {
        NDArray gamma = load(name + ".weight");
        NDArray beta = load(name + ".bias");
        Shape shape = gamma.getShape();
        return x -> x.getNDArrayInternal().layerNorm(x, shape, gamma, beta, (float) epsilon).head();
    }

    @Override
    public Dense dense(String name, Activation activation) {
        // Engines want linear weights as (out, in); laid out so once, not at every call.
        try (NDArray stored = load(name + ".weight");
                NDArray transposed = stored.transpose();
                NDArray flat = transposed.flatten()) {
            NDArray weight = flat.reshape(transposed.getShape());
            return new PortableDense(weight, load(name + ".bias"), activation);
        }
    }

    @Override
    public Dense head(String name) {
        return new PortableDense(load(name), null, Activation.NONE);
    }

    @Override
    public NDArray mask(NDManager manager, NDArray visible, long queries, long keys) {
        NDArray future = queries > 1 ? future(manager, queries, keys) : null;
        if (visible == null) {
            return future;
        }
        try (NDManager scratch = manager.newSubManager()) {
            NDArray hidden = visible.eq(0);
            hidden.attach(scratch);
            NDArray mask =
                    hidden.toType(DataType.FLOAT32, false)
                            .muli(PADDING)
                            .reshape(visible.getShape().get(0), 1, 1, keys);
            if (future != null) {
                future.attach(scratch);
                mask = mask.add(future);
            }
            mask.attach(manager);
            return mask;
        }
    }

    /** (1, 1, queries, keys): FUTURE where a key comes after the query. */
    private static NDArray future(NDManager manager, long queries, long keys) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray query =
                    scratch.arange((float) (keys - queries), keys, 1, DataType.FLOAT32)
                            .reshape(queries, 1);
            NDArray key = scratch.arange(0f, keys, 1, DataType.FLOAT32).reshape(1, keys);
            NDArray mask =
                    key.gt(query)
                            .toType(DataType.FLOAT32, false)
                            .muli(FUTURE)
                            .reshape(1, 1, queries, keys);
            mask.attach(manager);
            return mask;
        }
    }

    @Override
    public NDArray append(NDArray past, NDArray added) {
        // With nothing before, a copy still: the new ones are a view of a three times larger array.
        return past == null ? added.duplicate() : past.concat(added, 2);
    }

    @Override
    public NDArray attention(
            NDArray query, NDArray keys, NDArray values, NDArray mask, double scale) {
        Shape shape = query.getShape();
        NDArray scores;
        try (NDArray scaled = query.mul((float) scale);
                NDArray transposed = keys.swapAxes(2, 3)) {
            scores = scaled.matMul(transposed);
        }
        if (mask != null) {
            scores.addi(mask);
        }
        NDArray weights = scores.softmax(-1);
        scores.close();
        try (weights;
                NDArray heads = weights.matMul(values);
                NDArray merged = heads.swapAxes(1, 2)) {
            return merged.reshape(shape.get(0), shape.get(2), shape.get(1) * shape.get(3));
        }
    }

    private record PortableDense(NDArray weight, NDArray bias, Activation activation)
            implements Dense {

        @Override
        public NDArray apply(NDArray x) {
            NDArray y = x.getNDArrayInternal().linear(x, weight, bias).head();
            return activate(activation, y);
        }

        @Override
        public NDArray addTo(NDArray residual, NDArray x) {
            try (NDArray y = apply(x)) {
                return residual.addi(y);
            }
        }
    }

    /** Applies an activation to an array that is the caller's to overwrite or close. */
    static NDArray activate(Activation activation, NDArray x) {
        switch (activation) {
            case NONE:
                return x;
            case GELU_TANH:
                return geluTanh(x);
            default:
                try (x) {
                    return switch (activation) {
                        case RELU -> x.getNDArrayInternal().relu();
                        case GELU -> x.getNDArrayInternal().gelu();
                        case SILU -> x.getNDArrayInternal().swish(1);
                        case TANH -> x.tanh();
                        case SIGMOID -> x.getNDArrayInternal().sigmoid();
                        default -> throw new IllegalArgumentException("Activation " + activation);
                    };
                }
        }
    }

    /** 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), Hugging Face's "gelu_new". */
    private static NDArray geluTanh(NDArray x) {
        try (NDArray inner = x.square()) {
            inner.muli(GELU_CUBIC).addi(GELU_LINEAR).muli(x);
            try (NDArray tanh = inner.tanh()) {
                tanh.addi(1).muli(0.5f);
                return x.muli(tanh);
            }
        }
    }
}
