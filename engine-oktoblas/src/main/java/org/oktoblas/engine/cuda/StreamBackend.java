package org.oktoblas.engine.cuda;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.oktoblas.cuda.CudaException;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.MemoryStatistics;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.MemoryUse;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;

/**
 * A stream of a GPU with the memory that is allocated on it, transfers, and the order of
 * operations.
 *
 * <p>An operation holds its stream's lock, so that the stream's operations have an order, and tells
 * each operand's memory which stream uses it: memory that other streams have used makes this one
 * wait for them on the device.
 */
abstract class StreamBackend implements Backend {

    final Gpu gpu;
    final CudaStream stream;
    private final ReentrantLock lock;

    StreamBackend(Gpu gpu, CudaStream stream) {
        this.gpu = gpu;
        this.stream = stream;
        lock = stream.lock();
    }

    @Override
    public final Device device() {
        return gpu.device();
    }

    @Override
    public final String description() {
        DeviceProperties properties = gpu.cuda().properties();
        return properties.name()
                + ", compute capability "
                + properties.major()
                + "."
                + properties.minor()
                + ", "
                + properties.multiprocessors()
                + " multiprocessors";
    }

    @Override
    public final MemoryUse memoryUse() {
        try {
            MemoryStatistics memory = gpu.cuda().memory();
            return new MemoryUse(
                    memory.used(), memory.peak(), memory.reserved(), memory.free(), memory.total());
        } catch (CudaException e) {
            throw Failures.of(e, gpu.device(), "reading the memory's figures");
        }
    }

    @Override
    public final Storage allocate(long byteSize) {
        try {
            return new CudaStorage(gpu.device(), byteSize, stream.allocate(byteSize));
        } catch (CudaException e) {
            throw Failures.of(e, gpu.device(), "an allocation of " + byteSize + " bytes");
        }
    }

    /** Copies the buffer's content. */
    @Override
    public final Storage wrap(ByteBuffer direct) {
        Storage storage = allocate(Math.max(1, direct.remaining()));
        try {
            write(direct.duplicate(), storage, 0);
        } catch (RuntimeException | Error e) {
            storage.release();
            throw e;
        }
        return storage;
    }

    @Override
    public final void write(ByteBuffer source, Storage target, long byteOffset) {
        if (!source.hasRemaining()) {
            return;
        }
        CudaStorage storage = (CudaStorage) target;
        long address = storage.address(byteOffset, source.remaining());
        run(
                "an upload of " + source.remaining() + " bytes",
                () -> {
                    storage.memory().writeOn(stream);
                    stream.upload(source, address);
                });
        source.position(source.limit());
    }

    @Override
    public final void read(Storage source, long byteOffset, ByteBuffer target) {
        if (!target.hasRemaining()) {
            return;
        }
        CudaStorage storage = (CudaStorage) source;
        long address = storage.address(byteOffset, target.remaining());
        run(
                "a download of " + target.remaining() + " bytes",
                () -> {
                    storage.memory().readOn(stream);
                    stream.download(address, target);
                });
        target.position(target.limit());
    }

    /** Copies bytes from another GPU's storage to one of this GPU's. */
    public final void receive(
            StreamBackend from,
            Storage source,
            long sourceOffset,
            Storage target,
            long targetOffset,
            long bytes) {
        if (bytes == 0) {
            return;
        }
        CudaStorage there = (CudaStorage) source;
        CudaStorage here = (CudaStorage) target;
        run(
                "a copy of " + bytes + " bytes from " + from.device(),
                () -> {
                    there.memory().readOn(stream);
                    here.memory().writeOn(stream);
                    stream.copyFromPeer(
                            from.stream,
                            there.address(sourceOffset, bytes),
                            here.address(targetOffset, bytes),
                            bytes);
                });
    }

    /** Returns what kernels call a data type. */
    static ElementType type(DataType type) {
        return switch (type) {
            case FLOAT32 -> ElementType.F32;
            case FLOAT64 -> ElementType.F64;
            case FLOAT16 -> ElementType.F16;
            case BFLOAT16 -> ElementType.BF16;
            case INT8 -> ElementType.I8;
            case UINT8 -> ElementType.U8;
            case INT32 -> ElementType.I32;
            case INT64 -> ElementType.I64;
            case BOOLEAN -> ElementType.BOOL;
            default ->
                    throw new UnsupportedOperationException(
                            "OktoBLAS on a GPU has no arrays of data type "
                                    + type
                                    + "; it has float32, float16, bfloat16, float64, int8, uint8,"
                                    + " int32, int64 and boolean.");
        };
    }

    private static DeviceTensor view(Tensor tensor) {
        ElementType type = type(tensor.dataType());
        Layout layout = tensor.layout();
        long address =
                ((CudaStorage) tensor.storage()).memory().address()
                        + layout.offset() * type.bytes();
        return new DeviceTensor(address, type, layout.shape(), layout.strides());
    }

    /** Returns a tensor that this stream is about to read, or null for null. */
    final DeviceTensor in(Tensor tensor) {
        if (tensor == null) {
            return null;
        }
        ((CudaStorage) tensor.storage()).memory().readOn(stream);
        return view(tensor);
    }

    final org.oktoblas.cuda.Operand in(Operand operand) {
        return operand instanceof Scalar scalar ? constant(scalar) : in((Tensor) operand);
    }

    static org.oktoblas.cuda.Constant constant(Scalar scalar) {
        return new org.oktoblas.cuda.Constant(scalar.real(), scalar.integral());
    }

    /** Returns a tensor that this stream is about to write to. */
    final DeviceTensor out(Tensor tensor) {
        ((CudaStorage) tensor.storage()).memory().writeOn(stream);
        return view(tensor);
    }

    /** Does an operation's work as one of the stream's. */
    final void run(Object operation, Runnable work, Operand... operands) {
        lock.lock();
        try {
            work.run();
        } catch (CudaException e) {
            throw Failures.of(e, gpu.device(), operation, operands);
        } finally {
            lock.unlock();
        }
    }
}
