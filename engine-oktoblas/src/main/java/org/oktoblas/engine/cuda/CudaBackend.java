package org.oktoblas.engine.cuda;

import ai.djl.engine.EngineException;
import java.util.Optional;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaException;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;
import org.oktoblas.kernels.Arithmetic;
import org.oktoblas.kernels.KernelFamilies;
import org.oktoblas.kernels.PackedWeights;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The primitives on one stream of a GPU. They return when the work is in the stream; only what
 * brings numbers back to Java waits for it.
 */
public final class CudaBackend extends StreamBackend {

    private static final Logger LOGGER = LoggerFactory.getLogger(CudaBackend.class);

    /** Whether float32 products may round their factors to TF32. */
    private static final boolean TF32 = Boolean.getBoolean("ai.djl.oktoblas.tf32");

    private static final Names<UnaryOp> UNARY = Names.of(UnaryOp.class);
    private static final Names<BinaryOp> BINARY = Names.of(BinaryOp.class);
    private static final Names<ReduceOp> REDUCE = Names.of(ReduceOp.class);
    private static final Names<RandomOp> RANDOM = Names.of(RandomOp.class);
    private static final Names<Activation> ACTIVATION = Names.of(Activation.class);

    private final KernelFamilies kernels;

    private CudaBackend(Gpu gpu, CudaStream stream) {
        super(gpu, stream);
        kernels = gpu.kernels();
    }

    /** Returns why no GPU can be used, a sentence without its full stop, or nothing. */
    public static Optional<String> whyUnavailable() {
        return CudaDevice.whyUnavailable();
    }

    /** Returns the CUDA version that the driver supports, "13.0"; nothing without a driver. */
    public static Optional<String> driverVersion() {
        return CudaDevice.driverVersion();
    }

    /** Returns the number of GPUs that can be used. */
    public static int count() {
        return CudaDevice.count();
    }

    /**
     * Returns a backend with a stream of its own.
     *
     * @throws EngineException if the GPU cannot be used
     */
    public static CudaBackend open(int ordinal) {
        try {
            Gpu gpu = Gpu.get(ordinal);
            return new CudaBackend(gpu, gpu.cuda().borrowStream());
        } catch (CudaException e) {
            throw new EngineException("GPU " + ordinal + " cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * Lets others have the stream. Memory that was allocated on it stays what it is, and whoever
     * still computes with this backend only shares the stream.
     */
    public void giveBack() {
        try {
            gpu.cuda().giveBack(stream);
        } catch (CudaException e) {
            // A device that fails says so to those who compute; whoever closes a manager is done.
            LOGGER.warn("A stream of {} cannot be used again: {}", gpu.device(), e.getMessage());
        }
    }

    @Override
    public void fill(Tensor out, Scalar value) {
        run(
                "fill",
                () -> kernels.elementwise().fill(stream, constant(value), out(out)),
                out,
                value);
    }

    @Override
    public void arange(Scalar start, Scalar step, Tensor out) {
        run(
                "arange",
                () ->
                        kernels.elementwise()
                                .arange(stream, constant(start), constant(step), out(out)),
                start,
                step,
                out);
    }

    @Override
    public void copy(Tensor in, Tensor out) {
        run("copy", () -> kernels.elementwise().copy(stream, in(in), out(out)), in, out);
    }

    @Override
    public void unary(UnaryOp op, Tensor in, Tensor out) {
        run(
                op,
                () -> kernels.elementwise().unary(stream, UNARY.get(op), in(in), out(out)),
                in,
                out);
    }

    @Override
    public void binary(BinaryOp op, Operand a, Operand b, Tensor out) {
        run(
                op,
                () -> kernels.elementwise().binary(stream, BINARY.get(op), in(a), in(b), out(out)),
                a,
                b,
                out);
    }

    @Override
    public void where(Tensor condition, Operand a, Operand b, Tensor out) {
        run(
                "where",
                () -> kernels.elementwise().where(stream, in(condition), in(a), in(b), out(out)),
                condition,
                a,
                b,
                out);
    }

    @Override
    public void reduce(ReduceOp op, Tensor in, Tensor out) {
        run(
                op,
                () -> kernels.reductions().reduce(stream, REDUCE.get(op), in(in), out(out)),
                in,
                out);
    }

    @Override
    public void argReduce(boolean largest, Tensor in, int axis, Tensor out) {
        run(
                largest ? "argMax" : "argMin",
                () -> kernels.reductions().argReduce(stream, largest, in(in), axis, out(out)),
                in,
                out);
    }

    @Override
    public void scan(ReduceOp op, Tensor in, int axis, Tensor out) {
        run(
                "cumulative " + op,
                () -> kernels.reductions().scan(stream, REDUCE.get(op), in(in), axis, out(out)),
                in,
                out);
    }

    @Override
    public void gather(Tensor in, int axis, Tensor index, Tensor out) {
        run(
                "gather",
                () -> kernels.indexing().gather(stream, in(in), axis, in(index), out(out)),
                in,
                index,
                out);
    }

    @Override
    public void scatter(boolean accumulate, Tensor source, int axis, Tensor index, Tensor out) {
        run(
                "scatter",
                () ->
                        kernels.indexing()
                                .scatter(stream, accumulate, in(source), axis, in(index), out(out)),
                source,
                index,
                out);
    }

    @Override
    public void sort(boolean descending, Tensor in, int axis, Tensor values, Tensor indices) {
        run(
                "sort",
                () ->
                        kernels.sorting()
                                .sort(stream, descending, in(in), axis, out(values), out(indices)),
                in,
                values,
                indices);
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out) {
        run("matmul", () -> kernels.gemm().matmul(stream, in(a), in(b), out(out), TF32), a, b, out);
    }

    @Override
    public PackedMatrix pack(Tensor matrix, MathMode mode) {
        PackedWeights[] packed = new PackedWeights[1];
        run(
                "packing weights",
                () -> packed[0] = kernels.linear().pack(stream, in(matrix), arithmetic(mode)),
                matrix);
        return new CudaMatrix(packed[0]);
    }

    private static Arithmetic arithmetic(MathMode mode) {
        return switch (mode) {
            case FLOAT32 -> TF32 ? Arithmetic.TF32 : Arithmetic.FLOAT32;
            case FLOAT16 -> Arithmetic.FLOAT16;
            case BFLOAT16 -> Arithmetic.BFLOAT16;
        };
    }

    @Override
    public Optional<Decoder> decoder(Decoder.Spec spec, Decoder.Weights weights, MathMode mode) {
        return CudaDecoder.open(gpu, stream, spec, weights, mode);
    }

    @Override
    public void linear(
            Tensor a,
            PackedMatrix b,
            Tensor bias,
            Activation activation,
            Tensor residual,
            Tensor out) {
        PackedWeights weights = ((CudaMatrix) b).weights();
        run(
                new LinearLayer(weights),
                () -> {
                    weights.memory().readOn(stream);
                    kernels.linear()
                            .apply(
                                    stream,
                                    in(a),
                                    weights,
                                    in(bias),
                                    ACTIVATION.get(activation),
                                    in(residual),
                                    out(out));
                },
                a,
                bias,
                residual,
                out);
    }

    /** What a failure says of a linear layer beside its operands, put together only then. */
    private record LinearLayer(PackedWeights weights) {
        @Override
        public String toString() {
            return "a linear layer with "
                    + weights.mode()
                    + " weights of shape ["
                    + weights.rows()
                    + ", "
                    + weights.columns()
                    + "]";
        }
    }

    @Override
    public void softmax(boolean logarithm, Tensor in, int axis, Tensor out) {
        run(
                logarithm ? "log-softmax" : "softmax",
                () -> kernels.normalization().softmax(stream, logarithm, in(in), axis, out(out)),
                in,
                out);
    }

    @Override
    public void layerNorm(
            Tensor in, int axes, Tensor gamma, Tensor beta, double epsilon, Tensor out) {
        run(
                "layer norm",
                () ->
                        kernels.normalization()
                                .layerNorm(
                                        stream, in(in), axes, in(gamma), in(beta), epsilon,
                                        out(out)),
                in,
                gamma,
                beta,
                out);
    }

    @Override
    public void attention(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        run(
                "attention",
                () ->
                        kernels.attention()
                                .causal(
                                        stream,
                                        in(query),
                                        in(keys),
                                        in(values),
                                        in(mask),
                                        scale,
                                        out(out)),
                query,
                keys,
                values,
                mask,
                out);
    }

    @Override
    public void random(
            RandomOp op, double first, double second, long seed, long counter, Tensor out) {
        run(
                op,
                () ->
                        kernels.randomNumbers()
                                .draw(
                                        stream,
                                        RANDOM.get(op),
                                        first,
                                        second,
                                        seed,
                                        counter,
                                        out(out)),
                out);
    }
}
