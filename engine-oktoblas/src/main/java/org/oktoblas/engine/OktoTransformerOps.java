package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Optional;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.engine.backend.Growth;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** The fused operations over whichever backend the arrays are on. */
final class OktoTransformerOps implements TransformerOps {

    /** The axis of keys and values along which they are appended to. */
    private static final int TIME = 2;

    /** Room for appending is a multiple of so many positions, of which at least one is free. */
    private static final long ROOM = 64;

    @Override
    public Linear linear(
            NDManager owner, NDArray weight, boolean transposed, NDArray bias, MathMode mode) {
        OktoNDManager manager = OktoNDManager.of(owner);
        try (Operation operation = new Operation(manager, weight)) {
            Tensor matrix = operation.read(weight);
            if (matrix.layout().rank() != 2) {
                throw new IllegalArgumentException(
                        "A linear layer needs a weight with two axes, not of shape "
                                + weight.getShape()
                                + ".");
            }
            if (transposed) {
                matrix = matrix.with(matrix.layout().swap(0, 1));
            }
            long outputs = matrix.layout().size(1);
            if (bias != null && !Arrays.equals(bias.getShape().getShape(), new long[] {outputs})) {
                throw new IllegalArgumentException(
                        "A linear layer with "
                                + outputs
                                + " outputs needs a bias of that length, not of shape "
                                + bias.getShape()
                                + ".");
            }
            Tensor shift = null;
            if (bias != null) {
                // A copy of its own, as the caller may close the bias.
                shift = operation.copy(operation.read(bias), DataType.FLOAT32);
            }
            return new PackedLinear(
                    manager,
                    operation.backend.device(),
                    operation.backend.pack(matrix, mode),
                    shift);
        }
    }

    @Override
    public NDArray apply(Linear linear, NDArray x, Activation activation) {
        PackedLinear layer = own(linear);
        layer.retain();
        try (Operation operation = operation(x)) {
            operation.check(layer.device());
            Tensor in = operation.read(x, DataType.FLOAT32);
            long[] shape = shape(layer, in);
            Tensor out = operation.create(shape, DataType.FLOAT32);
            if (out.layout().count() > 0) {
                operation.backend.linear(
                        rows(operation, in, layer.inputSize()),
                        layer.matrix(),
                        layer.bias(),
                        activation,
                        null,
                        rows(operation, out, layer.outputSize()));
            }
            return operation.result(out);
        } finally {
            layer.release();
        }
    }

    @Override
    public NDArray addTo(NDArray residual, Linear linear, NDArray x) {
        PackedLinear layer = own(linear);
        layer.retain();
        try (Operation operation = operation(x)) {
            operation.check(layer.device());
            Tensor in = operation.read(x, DataType.FLOAT32);
            Tensor sum = operation.read(residual);
            ArrayTransfers.writable(sum, "addTo");
            if (sum.dataType() != DataType.FLOAT32
                    || !Arrays.equals(sum.layout().shape(), shape(layer, in))) {
                throw new IllegalArgumentException(
                        "A residual of shape "
                                + residual.getShape()
                                + " and data type "
                                + residual.getDataType()
                                + " cannot take up a linear layer's float32 output of shape "
                                + Arrays.toString(shape(layer, in))
                                + ".");
            }
            if (sum.layout().count() > 0) {
                // Where the residual's rows are scattered, sum in a dense copy.
                Tensor out = rows(operation, sum, layer.outputSize());
                if (in.storage() == out.storage()) {
                    // The product would overwrite what it has yet to read.
                    in = operation.copy(in, in.dataType());
                }
                operation.backend.linear(
                        rows(operation, in, layer.inputSize()),
                        layer.matrix(),
                        layer.bias(),
                        Activation.NONE,
                        out,
                        out);
                if (out.storage() != sum.storage()) {
                    operation.backend.copy(
                            out.with(out.layout().reshape(sum.layout().shape())), sum);
                }
            }
            return residual;
        } finally {
            layer.release();
        }
    }

    @Override
    public NDArray layerNorm(NDArray x, NDArray gamma, NDArray beta, double epsilon) {
        try (Operation operation = operation(x)) {
            Tensor in = operation.read(x, DataType.FLOAT32);
            int last = in.layout().rank() - 1;
            Shape width = last < 0 ? new Shape() : new Shape(in.layout().size(last));
            OktoNDArrayEx.checkNormalized("gamma", gamma, width);
            OktoNDArrayEx.checkNormalized("beta", beta, width);
            Tensor scale = gamma == null ? null : operation.read(gamma, DataType.FLOAT32);
            Tensor shift = beta == null ? null : operation.read(beta, DataType.FLOAT32);
            Tensor out = operation.create(in.layout().shape(), DataType.FLOAT32);
            if (out.layout().count() > 0) {
                operation.backend.layerNorm(in, 1, scale, shift, epsilon, out);
            }
            return operation.result(out);
        }
    }

    @Override
    public NDArray attention(
            NDArray query, NDArray keys, NDArray values, NDArray mask, double scale) {
        try (Operation operation = operation(query)) {
            DataType type = query.getDataType();
            boolean alike = type == keys.getDataType() && type == values.getDataType();
            if (!alike || type != DataType.FLOAT16 && type != DataType.BFLOAT16) {
                type = DataType.FLOAT32;
            }
            Tensor q = operation.read(query, type);
            Tensor k = operation.read(keys, type);
            Tensor v = operation.read(values, type);
            Tensor m = mask == null ? null : operation.read(mask, DataType.INT64);
            check(q.layout(), k.layout(), v.layout(), m == null ? null : m.layout());
            long batch = q.layout().size(0);
            long heads = q.layout().size(1);
            long time = q.layout().size(2);
            long width = q.layout().size(3);
            Tensor out = operation.create(new long[] {batch, time, heads * width}, type);
            if (out.layout().count() > 0) {
                Layout split = out.layout().reshape(batch, time, heads, width).permute(0, 2, 1, 3);
                operation.backend.attention(q, k, v, m, scale, out.with(split));
            }
            return operation.result(out);
        }
    }

    @Override
    public NDArray append(NDArray past, NDArray added) {
        try (Operation operation = operation(added)) {
            Tensor tail = operation.read(added);
            Tensor head = past == null ? null : operation.read(past, tail.dataType());
            checkAppend(head == null ? null : head.layout(), tail.layout());
            long before = head == null ? 0 : head.layout().size(TIME);
            Tensor all = head == null ? null : inPlace(head, tail);
            if (all == null) {
                all = withRoom(operation, tail, before);
                copy(operation, head, all, 0);
            }
            copy(operation, tail, all, before);
            return operation.result(all);
        }
    }

    /** Returns a tensor continued in its own memory, or null. */
    private static Tensor inPlace(Tensor head, Tensor tail) {
        Growth growth = head.storage().growth();
        Layout longer =
                growth == null ? null : growth.claim(head.layout(), tail.layout().size(TIME));
        return longer == null ? null : head.with(longer);
    }

    /** Allocates the sum of two lengths, with room behind it. */
    private static Tensor withRoom(Operation operation, Tensor tail, long before) {
        long[] shape = tail.layout().shape();
        long used = before + shape[TIME];
        shape[TIME] = (used / ROOM + 1) * ROOM;
        Tensor room = operation.create(shape, tail.dataType());
        Layout whole = room.layout();
        if (whole.count() > 0) {
            // So that whoever looks a little beyond a view's end, as a factor of 0, sees no NaN.
            Layout spare = whole.slice(TIME, used, shape[TIME] - used, 1);
            operation.backend.fill(room.with(spare), Scalar.of(0));
        }
        room.storage().growsAs(new Growth(whole, TIME, used));
        return room.with(whole.slice(TIME, 0, used, 1));
    }

    private static void copy(Operation operation, Tensor part, Tensor all, long at) {
        if (part != null && part.layout().count() > 0) {
            Layout there = all.layout().slice(TIME, at, part.layout().size(TIME), 1);
            operation.backend.copy(part, all.with(there));
        }
    }

    private static void checkAppend(Layout head, Layout tail) {
        boolean fits = tail.rank() == 4 && (head == null || head.rank() == 4);
        for (int axis = 0; fits && head != null && axis < 4; axis++) {
            fits = axis == TIME || head.size(axis) == tail.size(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "append needs arrays (batch, heads, time, width) that differ in time alone, not"
                            + " past "
                            + head
                            + " and added "
                            + tail
                            + ".");
        }
    }

    @Override
    public Optional<Decoder> decoder(
            NDManager owner, Decoder.Spec spec, Decoder.Weights weights, MathMode mode) {
        OktoNDManager manager = OktoNDManager.of(owner);
        return manager.backend()
                .decoder(spec, weights, mode)
                .map(decoder -> new OwnedDecoder(manager, decoder));
    }

    private static void check(Layout query, Layout keys, Layout values, Layout mask) {
        boolean fits = query.rank() == 4 && keys.rank() == 4 && keys.sameShape(values);
        fits =
                fits
                        && query.size(0) == keys.size(0)
                        && query.size(1) == keys.size(1)
                        && query.size(3) == keys.size(3)
                        && query.size(2) <= keys.size(2);
        fits = fits && (mask == null || mask.rank() == 2);
        fits =
                fits
                        && (mask == null
                                || mask.size(0) == keys.size(0) && mask.size(1) == keys.size(2));
        if (!fits) {
            throw new IllegalArgumentException(
                    "attention needs a query (batch, heads, T, width), keys and values (batch,"
                            + " heads, S ≥ T, width) and a mask (batch, S) or none, not query "
                            + query
                            + ", keys "
                            + keys
                            + ", values "
                            + values
                            + ", mask "
                            + mask
                            + ".");
        }
    }

    private static Operation operation(NDArray x) {
        if (x instanceof OktoNDArray) {
            return ((OktoNDArray) x).operation();
        }
        throw new IllegalArgumentException(
                "The fused operations take arrays of engine "
                        + OktoEngine.ENGINE_NAME
                        + ", not a "
                        + x.getClass().getName()
                        + ".");
    }

    private static PackedLinear own(Linear linear) {
        if (linear instanceof PackedLinear) {
            return (PackedLinear) linear;
        }
        throw new IllegalArgumentException(
                "The linear layer was not made by this engine: " + linear.getClass().getName());
    }

    private static long[] shape(PackedLinear layer, Tensor in) {
        long[] shape = in.layout().shape();
        int last = shape.length - 1;
        if (last < 0 || shape[last] != layer.inputSize()) {
            throw new IllegalArgumentException(
                    "A linear layer with "
                            + layer.inputSize()
                            + " inputs cannot take an array of shape "
                            + Arrays.toString(shape)
                            + ": the last axis must have that length.");
        }
        shape[last] = layer.outputSize();
        return shape;
    }

    /** Returns a tensor as a matrix with rows of a width that lie without gaps. */
    private static Tensor rows(Operation operation, Tensor tensor, long width) {
        long rows = tensor.layout().count() / width;
        Tensor matrix = operation.reshape(tensor, rows, width);
        boolean dense = width == 1 || matrix.layout().stride(1) == 1;
        return dense ? matrix : operation.copy(matrix, matrix.dataType());
    }
}
