package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.MemoryUse;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * A device's backend that takes complex numbers too: it has the device move them as integers of 64
 * bits, and computes on their parts, which are floats. Primitives that make no sense for complex
 * numbers, or that nobody has needed of them, refuse them, and all refuse strings.
 */
final class ComplexBackend implements Backend {

    private final Backend device;

    ComplexBackend(Backend device) {
        this.device = device;
    }

    private static boolean complex(Operand operand) {
        if (!(operand instanceof Tensor)) {
            return false;
        }
        DataType type = ((Tensor) operand).dataType();
        if (type == DataType.STRING) {
            throw StringStorage.refusal();
        }
        return type == DataType.COMPLEX64;
    }

    /** Refuses complex numbers and strings. */
    private static void real(Tensor tensor, String what) {
        if (tensor != null && complex(tensor)) {
            throw ComplexTensors.refusal(what);
        }
    }

    @Override
    public Device device() {
        return device.device();
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public MemoryUse memoryUse() {
        return device.memoryUse();
    }

    @Override
    public Storage allocate(long byteSize) {
        return device.allocate(byteSize);
    }

    @Override
    public Storage wrap(ByteBuffer direct) {
        return device.wrap(direct);
    }

    @Override
    public void write(ByteBuffer source, Storage target, long byteOffset) {
        // Elements of an empty part may seem to be behind the memory's end.
        if (source.hasRemaining()) {
            device.write(source, target, byteOffset);
        }
    }

    @Override
    public void read(Storage source, long byteOffset, ByteBuffer target) {
        if (target.hasRemaining()) {
            device.read(source, byteOffset, target);
        }
    }

    @Override
    public void read(Tensor source, float[] target) {
        device.read(source, target);
    }

    @Override
    public void fill(Tensor out, Scalar value) {
        if (complex(out)) {
            device.fill(ComplexTensors.part(out, 0), value);
            device.fill(ComplexTensors.part(out, 1), Scalar.of(0));
        } else {
            device.fill(out, value);
        }
    }

    @Override
    public void arange(Scalar start, Scalar step, Tensor out) {
        real(out, "A range of numbers");
        device.arange(start, step, out);
    }

    @Override
    public void copy(Tensor in, Tensor out) {
        boolean from = complex(in);
        boolean to = complex(out);
        if (from && to) {
            device.copy(ComplexTensors.bits(in), ComplexTensors.bits(out));
        } else if (to) {
            device.copy(in, ComplexTensors.part(out, 0));
            device.fill(ComplexTensors.part(out, 1), Scalar.of(0));
        } else if (!from) {
            device.copy(in, out);
        } else if (out.dataType() == DataType.BOOLEAN) {
            new ComplexMath(device).truth(in, out);
        } else {
            // As in PyTorch, the imaginary part is dropped.
            device.copy(ComplexTensors.part(in, 0), out);
        }
    }

    @Override
    public void unary(UnaryOp op, Tensor in, Tensor out) {
        if (complex(in)) {
            new ComplexMath(device).unary(op, in, out);
        } else {
            device.unary(op, in, out);
        }
    }

    @Override
    public void binary(BinaryOp op, Operand a, Operand b, Tensor out) {
        if (complex(a) | complex(b)) {
            new ComplexMath(device).binary(op, a, b, out);
        } else {
            device.binary(op, a, b, out);
        }
    }

    @Override
    public void where(Tensor condition, Operand a, Operand b, Tensor out) {
        if (complex(out)) {
            for (int i = 0; i < 2; i++) {
                device.where(
                        condition,
                        ComplexTensors.part(a, i),
                        ComplexTensors.part(b, i),
                        ComplexTensors.part(out, i));
            }
        } else {
            device.where(condition, a, b, out);
        }
    }

    @Override
    public void reduce(ReduceOp op, Tensor in, Tensor out) {
        if (!complex(in)) {
            device.reduce(op, in, out);
        } else if (op == ReduceOp.SUM || op == ReduceOp.MEAN) {
            device.reduce(op, ComplexTensors.pairs(in), ComplexTensors.pairs(out));
        } else {
            throw ComplexTensors.refusal("A reduction by " + op);
        }
    }

    @Override
    public boolean sumSquares(Tensor in, Tensor out) {
        return device.sumSquares(in, out);
    }

    @Override
    public void argReduce(boolean largest, Tensor in, int axis, Tensor out) {
        real(in, "The search for an extreme");
        device.argReduce(largest, in, axis, out);
    }

    @Override
    public void scan(ReduceOp op, Tensor in, int axis, Tensor out) {
        if (!complex(in)) {
            device.scan(op, in, axis, out);
        } else if (op == ReduceOp.SUM) {
            device.scan(op, ComplexTensors.pairs(in), axis, ComplexTensors.pairs(out));
        } else {
            throw ComplexTensors.refusal("A cumulative " + op);
        }
    }

    @Override
    public void gather(Tensor in, int axis, Tensor index, Tensor out) {
        real(index, "An index");
        if (complex(in)) {
            device.gather(ComplexTensors.bits(in), axis, index, ComplexTensors.bits(out));
        } else {
            device.gather(in, axis, index, out);
        }
    }

    @Override
    public void scatter(boolean accumulate, Tensor source, int axis, Tensor index, Tensor out) {
        real(index, "An index");
        if (!complex(source)) {
            device.scatter(accumulate, source, axis, index, out);
        } else if (!accumulate) {
            device.scatter(
                    false, ComplexTensors.bits(source), axis, index, ComplexTensors.bits(out));
        } else {
            for (int i = 0; i < 2; i++) {
                device.scatter(
                        true,
                        ComplexTensors.part(source, i),
                        axis,
                        index,
                        ComplexTensors.part(out, i));
            }
        }
    }

    @Override
    public void sort(boolean descending, Tensor in, int axis, Tensor values, Tensor indices) {
        real(in, "Sorting");
        device.sort(descending, in, axis, values, indices);
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out) {
        if (complex(a)) {
            new ComplexMath(device).matmul(a, b, out);
        } else {
            device.matmul(a, b, out);
        }
    }

    @Override
    public PackedMatrix pack(Tensor matrix, MathMode mode) {
        real(matrix, "A linear layer");
        return device.pack(matrix, mode);
    }

    @Override
    public void linear(
            Tensor a,
            PackedMatrix b,
            Tensor bias,
            Activation activation,
            Tensor residual,
            Tensor out) {
        real(a, "A linear layer");
        device.linear(a, b, bias, activation, residual, out);
    }

    @Override
    public void softmax(boolean logarithm, Tensor in, int axis, Tensor out) {
        real(in, "Softmax");
        device.softmax(logarithm, in, axis, out);
    }

    @Override
    public void layerNorm(
            Tensor in, int axes, Tensor gamma, Tensor beta, double epsilon, Tensor out) {
        real(in, "Layer normalization");
        device.layerNorm(in, axes, gamma, beta, epsilon, out);
    }

    @Override
    public void attention(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        real(query, "Attention");
        device.attention(query, keys, values, mask, scale, out);
    }

    @Override
    public void random(
            RandomOp op, double first, double second, long seed, long counter, Tensor out) {
        real(out, "Drawing random numbers");
        device.random(op, first, second, seed, counter, out);
    }

    @Override
    public Optional<Decoder> decoder(Decoder.Spec spec, Decoder.Weights weights, MathMode mode) {
        return device.decoder(spec, weights, mode);
    }
}
