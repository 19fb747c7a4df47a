package org.oktoblas.engine.cpu;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The CPU: one backend a process. */
public final class CpuBackend implements Backend {

    private static final Logger LOGGER = LoggerFactory.getLogger(CpuBackend.class);

    private static final CpuBackend INSTANCE =
            new CpuBackend(System.getProperty("ai.djl.oktoblas.matmul", "auto"));

    /** From so many queries on, oneDNN's products make up for handing the scores over. */
    private static final int MANY_QUERIES = 32;

    private final CpuMemory memory = new CpuMemory();

    /** Null where all is computed in plain Java. */
    private final Dnnl dnnl;

    /**
     * Makes a backend.
     *
     * @param matmul how matrices are multiplied: {@code onednn}, {@code java}, or {@code auto}:
     *     oneDNN where it loads
     */
    CpuBackend(String matmul) {
        dnnl = dnnl(matmul);
        if (dnnl == null && matmul.equals("onednn")) {
            throw new EngineException(
                    "ai.djl.oktoblas.matmul asks for onednn, but its library does not load on this"
                            + " machine; the log says why.");
        }
    }

    private static Dnnl dnnl(String matmul) {
        try {
            return switch (matmul) {
                case "auto" -> Dnnl.ifFast();
                case "onednn" -> Dnnl.get();
                case "java" -> null;
                default ->
                        throw new IllegalArgumentException(
                                "ai.djl.oktoblas.matmul is auto, onednn or java, not \""
                                        + matmul
                                        + "\".");
            };
        } catch (NoClassDefFoundError e) {
            if (matmul.equals("onednn")) {
                throw new EngineException(
                        "ai.djl.oktoblas.matmul asks for onednn, whose jars are not on the class"
                                + " path.",
                        e);
            }
            // Dnnl says itself why the library does not load, but not without JavaCPP's classes,
            // for then it does not load either.
            LOGGER.warn(
                    "oneDNN's jars are not on the class path, so matrices are multiplied in plain"
                            + " Java, which is several times slower: {}",
                    e.toString());
            return null;
        }
    }

    /** Returns the process's CPU backend. */
    public static CpuBackend get() {
        return INSTANCE;
    }

    /** Returns how matrices are multiplied and by how many threads, in words. */
    @Override
    public String description() {
        return (dnnl == null ? "plain Java" : dnnl.description())
                + ", "
                + Parallel.THREADS
                + (Parallel.THREADS == 1 ? " thread" : " threads");
    }

    /** Returns the number of threads that operations use, the caller's included. */
    public int threads() {
        return Parallel.THREADS;
    }

    /** Returns what storages take, wrapped buffers apart; what the system has left is not known. */
    @Override
    public MemoryUse memoryUse() {
        long used = memory.outstandingBytes();
        return new MemoryUse(used, memory.peakBytes(), used + memory.keptBytes(), -1, -1);
    }

    @Override
    public Device device() {
        return Device.cpu();
    }

    @Override
    public Storage allocate(long byteSize) {
        return memory.allocate(byteSize);
    }

    @Override
    public Storage wrap(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException(
                    "Only a direct buffer can become an array without a copy; this one is on the"
                            + " Java heap. Allocate memory and write to it instead.");
        }
        return CpuStorage.of(direct);
    }

    @Override
    public void write(ByteBuffer source, Storage target, long byteOffset) {
        if (source.hasRemaining()) {
            bytes(target, byteOffset, source.remaining()).put(source);
        }
    }

    @Override
    public void read(Storage source, long byteOffset, ByteBuffer target) {
        if (target.hasRemaining()) {
            target.put(bytes(source, byteOffset, target.remaining()));
        }
    }

    @Override
    public void read(Tensor source, float[] target) {
        Elementwise.read(source, target);
    }

    /**
     * Returns a part of a storage as a direct buffer, valid as long as the storage is.
     *
     * @throws IndexOutOfBoundsException if the storage does not hold all of it
     */
    public static ByteBuffer bytes(Storage storage, long offset, int size) {
        storage.requireBytes(offset, size);
        return new Pointer(((CpuStorage) storage).address()).getByteBuffer(offset, size);
    }

    @Override
    public void fill(Tensor out, Scalar value) {
        if (out.dataType() == DataType.BOOLEAN && value.real() != 0) {
            Elementwise.fill(LongArithmetic.INSTANCE, out, new Scalar(1, 1));
        } else {
            Elementwise.fill(Arithmetic.of(out.dataType()), out, value);
        }
    }

    @Override
    public void arange(Scalar start, Scalar step, Tensor out) {
        Elementwise.arange(Arithmetic.of(out.dataType()), start, step, out);
    }

    @Override
    public void copy(Tensor in, Tensor out) {
        if (dnnl != null && DnnlTransposes.suits(in, out)) {
            DnnlTransposes.run(memory, in, out);
        } else {
            Elementwise.copy(in, out);
        }
    }

    @Override
    public void unary(UnaryOp op, Tensor in, Tensor out) {
        Elementwise.unary(Arithmetic.of(in.dataType()), op, in, out);
    }

    @Override
    public void binary(BinaryOp op, Operand a, Operand b, Tensor out) {
        if (dnnl != null && DnnlArithmetic.suits(op, a, b, out)) {
            DnnlArithmetic.run(memory, op, a, b, out);
        } else {
            Elementwise.binary(op, a, b, out);
        }
    }

    @Override
    public void where(Tensor condition, Operand a, Operand b, Tensor out) {
        Elementwise.where(Arithmetic.of(out.dataType()), condition, a, b, out);
    }

    @Override
    public void reduce(ReduceOp op, Tensor in, Tensor out) {
        if (dnnl != null && DnnlReductions.suits(op, in, out)) {
            DnnlReductions.run(memory, op, in, out);
        } else {
            Reductions.reduce(op, in, out);
        }
    }

    @Override
    public boolean sumSquares(Tensor in, Tensor out) {
        if (in.dataType() != DataType.FLOAT32) {
            return false;
        }
        if (dnnl != null && DnnlReductions.suitsSquares(in, out)) {
            DnnlReductions.sumSquares(memory, in, out);
        } else {
            Reductions.sumSquares(in, out);
        }
        return true;
    }

    @Override
    public void argReduce(boolean largest, Tensor in, int axis, Tensor out) {
        Reductions.argReduce(Arithmetic.of(in.dataType()), largest, in, axis, out);
    }

    @Override
    public void scan(ReduceOp op, Tensor in, int axis, Tensor out) {
        Scans.scan(Arithmetic.of(in.dataType()), op, in, axis, out);
    }

    @Override
    public void gather(Tensor in, int axis, Tensor index, Tensor out) {
        Indexing.gather(Arithmetic.moving(in.dataType()), in, axis, index, out);
    }

    @Override
    public void scatter(boolean accumulate, Tensor source, int axis, Tensor index, Tensor out) {
        Arithmetic<?> kind =
                accumulate ? Arithmetic.of(out.dataType()) : Arithmetic.moving(out.dataType());
        Indexing.scatter(kind, accumulate, source, axis, index, out);
    }

    @Override
    public void sort(boolean descending, Tensor in, int axis, Tensor values, Tensor indices) {
        Sorting.sort(Arithmetic.of(in.dataType()), descending, in, axis, values, indices);
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out) {
        if (dnnl != null && DnnlProducts.suits(a, b, out)) {
            DnnlProducts.multiply(a, b, out);
        } else if (out.dataType() == DataType.FLOAT32 && out.layout().count() == 1) {
            View<float[]> left = FloatArithmetic.INSTANCE.view(a);
            float[] product = {FloatReductions.dot(left, FloatArithmetic.INSTANCE.view(b))};
            FloatArithmetic.INSTANCE.view(out).store(0, 1, product);
        } else {
            Products.matmul(Arithmetic.of(out.dataType()), a, b, out, null);
        }
    }

    @Override
    public PackedMatrix pack(Tensor matrix, MathMode mode) {
        PackedMatrix packed = dnnl == null ? null : DnnlMatrix.pack(memory, matrix, mode);
        return packed != null ? packed : JavaMatrix.pack(memory, matrix, mode);
    }

    @Override
    public void linear(
            Tensor a,
            PackedMatrix b,
            Tensor bias,
            Activation activation,
            Tensor residual,
            Tensor out) {
        if (b instanceof DnnlMatrix matrix) {
            matrix.linear(a, bias, activation, residual, out);
        } else {
            ((JavaMatrix) b).linear(memory, a, bias, activation, residual, out);
        }
    }

    @Override
    public void softmax(boolean logarithm, Tensor in, int axis, Tensor out) {
        if (dnnl != null && DnnlSoftmax.suits(in, axis, out)) {
            DnnlSoftmax.run(memory, logarithm, in, out);
        } else {
            Softmax.run(Arithmetic.of(in.dataType()), logarithm, in, axis, out);
        }
    }

    @Override
    public void layerNorm(
            Tensor in, int axes, Tensor gamma, Tensor beta, double epsilon, Tensor out) {
        Normalization.layerNorm(Arithmetic.of(in.dataType()), in, axes, gamma, beta, epsilon, out);
    }

    @Override
    public void attention(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        if (out.layout().count() == 0) {
            return;
        }
        boolean many = out.layout().size(2) >= MANY_QUERIES;
        if (dnnl == null || !many) {
            JavaAttention.run(query, keys, values, mask, scale, out);
        } else if (out.dataType() != DataType.FLOAT32) {
            attentionInFloat32(query, keys, values, mask, scale, out);
        } else if (DnnlAttention.suits(query, keys, values, out)) {
            DnnlAttention.run(memory, query, keys, values, mask, scale, out);
        } else {
            JavaAttention.run(query, keys, values, mask, scale, out);
        }
    }

    private void attentionInFloat32(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        Tensor[] inputs = {query, keys, values};
        Tensor[] wide = new Tensor[4];
        try {
            for (int i = 0; i < wide.length; i++) {
                Layout layout = Layout.contiguous((i < 3 ? inputs[i] : out).layout().shape());
                Storage space = memory.allocate(layout.count() * Float.BYTES);
                wide[i] = new Tensor(space, DataType.FLOAT32, layout);
                if (i < 3) {
                    Elementwise.copy(inputs[i], wide[i]);
                }
            }
            DnnlAttention.run(memory, wide[0], wide[1], wide[2], mask, scale, wide[3]);
            Elementwise.copy(wide[3], out);
        } finally {
            for (Tensor tensor : wide) {
                if (tensor != null) {
                    tensor.storage().release();
                }
            }
        }
    }

    @Override
    public void random(
            RandomOp op, double first, double second, long seed, long counter, Tensor out) {
        Philox.draw(Arithmetic.of(out.dataType()), op, first, second, seed, counter, out);
    }
}
