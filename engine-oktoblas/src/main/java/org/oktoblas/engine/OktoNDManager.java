package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;

/** Makes and owns arrays of this engine; closing it frees all that is attached to it. */
public class OktoNDManager extends ManagerRandom {

    private static final OktoNDManager SYSTEM = new SystemManager();

    private final TransformerOps transformerOps = new OktoTransformerOps();

    /** Shared by the managers of a tree. */
    private final Backends backends;

    private final Backend backend;

    /** Whether each manager directly below begins a tree of its own, and so a GPU stream. */
    private final boolean forks;

    private OktoNDManager(NDManager parent, Device device, Backends backends, boolean forks) {
        super(parent, device);
        this.backends = backends;
        this.forks = forks;
        backend = backends.of(this.device);
    }

    /** Returns the manager above all others, which is never closed. */
    static OktoNDManager system() {
        return SYSTEM;
    }

    /**
     * Returns a manager as one of this engine.
     *
     * @throws IllegalArgumentException if it is another engine's
     */
    static OktoNDManager of(NDManager manager) {
        if (manager instanceof OktoNDManager) {
            return (OktoNDManager) manager;
        }
        throw new IllegalArgumentException(
                "An NDArray of engine "
                        + OktoEngine.ENGINE_NAME
                        + " cannot belong to an NDManager of engine "
                        + manager.getEngine().getEngineName()
                        + ": copy it with that manager's from().");
    }

    final Backend backend() {
        return backend;
    }

    /** Returns what computes results of this manager on a device. */
    final Backend backend(Device on) {
        return on == device || on.equals(device) ? backend : backends.of(on);
    }

    /** Returns the fused operations of transformers. */
    public final TransformerOps transformerOps() {
        return transformerOps;
    }

    /**
     * Makes an array over a direct buffer's remaining bytes, without a copy where the device can.
     * The buffer stays reachable as long as the array; its content must not change. Operations that
     * would write to the array refuse to.
     *
     * @param direct the elements, little-endian and row-major; mapped files are fine
     * @throws IllegalArgumentException if the buffer is not direct or its size does not fit
     */
    public final OktoNDArray wrap(ByteBuffer direct, Shape shape, DataType dataType) {
        Types.supported(dataType);
        Layout layout = Layout.contiguous(shape);
        long bytes = layout.count() * dataType.getNumOfBytes();
        if (!direct.isDirect() || direct.remaining() != bytes) {
            throw new IllegalArgumentException(
                    "An array of shape "
                            + shape
                            + " and data type "
                            + dataType
                            + " needs a direct buffer with exactly "
                            + bytes
                            + " bytes remaining, not "
                            + direct
                            + ".");
        }
        Storage storage = backend.wrap(direct);
        storage.makeReadOnly();
        return new OktoNDArray(this, new Tensor(storage, dataType, layout));
    }

    /**
     * Checks that what was just attached is owned: a manager that another thread closes meanwhile
     * may have gone through its resources before.
     */
    final void checkOpen() {
        if (!isOpen()) {
            throw new IllegalStateException("NDManager has been closed already.");
        }
    }

    /** Attaches a resource that is to be freed with this manager; if that fails it is closed. */
    final <T extends AutoCloseable> void own(String uid, T resource, Consumer<T> close) {
        try {
            attachInternal(uid, resource);
            checkOpen();
        } catch (RuntimeException e) {
            close.accept(resource);
            throw e;
        }
    }

    @Override
    public ByteBuffer allocateDirect(int capacity) {
        return ByteBuffer.allocateDirect(capacity).order(ByteOrder.nativeOrder());
    }

    @Override
    public OktoNDArray from(NDArray array) {
        if (array == null || array instanceof OktoNDArray) {
            return (OktoNDArray) array;
        }
        return ArrayTransfers.from(array, this);
    }

    /** Makes an array whose elements are not set. */
    @Override
    public OktoNDArray create(Shape shape, DataType dataType) {
        try (Operation operation = new Operation(this)) {
            return operation.result(empty(operation, shape, dataType));
        }
    }

    private static Tensor empty(Operation operation, Shape shape, DataType dataType) {
        return operation.create(shape.getShape(), Types.supported(dataType));
    }

    @Override
    public OktoNDArray create(Buffer data, Shape shape, DataType dataType) {
        Types.supported(dataType);
        Buffers.check(data, dataType, shape.size());
        try (Operation operation = new Operation(this)) {
            Tensor out = empty(operation, shape, dataType);
            Buffers.write(data, operation.backend, out, 0);
            return operation.result(out);
        }
    }

    private OktoNDArray filled(Shape shape, Scalar value, DataType dataType) {
        try (Operation operation = new Operation(this)) {
            Tensor out = empty(operation, shape, dataType);
            if (out.layout().count() > 0) {
                operation.backend.fill(out, value);
            }
            return operation.result(out);
        }
    }

    @Override
    public OktoNDArray zeros(Shape shape, DataType dataType) {
        return filled(shape, Scalar.of(0), dataType);
    }

    @Override
    public OktoNDArray ones(Shape shape, DataType dataType) {
        return filled(shape, Scalar.of(1), dataType);
    }

    @Override
    public OktoNDArray full(Shape shape, float value, DataType dataType) {
        return filled(shape, Scalar.of(value), dataType);
    }

    @Override
    public OktoNDArray full(Shape shape, int value) {
        return filled(shape, Scalar.of(value), DataType.INT32);
    }

    @Override
    public OktoNDArray arange(int start, int stop, int step, DataType dataType) {
        return arange(Scalar.of(start), Scalar.of(stop), Scalar.of(step), dataType);
    }

    @Override
    public OktoNDArray arange(float start, float stop, float step, DataType dataType) {
        return arange(Scalar.of(start), Scalar.of(stop), Scalar.of(step), dataType);
    }

    private OktoNDArray arange(Scalar start, Scalar stop, Scalar step, DataType dataType) {
        double from = dataType.isFloating() ? start.real() : start.integral();
        double to = dataType.isFloating() ? stop.real() : stop.integral();
        double by = dataType.isFloating() ? step.real() : step.integral();
        boolean none = Math.signum(to - from) != Math.signum(by);
        long count = none ? 0 : (long) Math.ceil((to - from) / by);
        try (Operation operation = new Operation(this)) {
            Tensor out = empty(operation, new Shape(count), dataType);
            if (count > 0) {
                operation.backend.arange(start, step, out);
            }
            return operation.result(out);
        }
    }

    /** Makes a matrix with ones on a diagonal: the main one, or k above it. */
    @Override
    public OktoNDArray eye(int rows, int cols, int k, DataType dataType) {
        try (Operation operation = new Operation(this)) {
            Tensor out = empty(operation, new Shape(rows, cols), dataType);
            int row = Math.max(0, -k);
            int column = Math.max(0, k);
            long length = Math.min(rows - row, cols - column);
            if (out.layout().count() > 0) {
                operation.backend.fill(out, Scalar.of(0));
            }
            if (length > 0) {
                long[] stride = {cols + 1L};
                long offset = (long) row * cols + column;
                Layout diagonal = new Layout(new long[] {length}, stride, offset);
                operation.backend.fill(out.with(diagonal), Scalar.of(1));
            }
            return operation.result(out);
        }
    }

    @Override
    public NDArray linspace(float start, float stop, int num, boolean endpoint) {
        if (num < 0) {
            throw new IllegalArgumentException("linspace cannot make " + num + " numbers.");
        }
        float[] values = new float[num];
        float step = num < 2 && endpoint ? 0 : (stop - start) / (endpoint ? num - 1 : num);
        for (int i = 0; i < num; i++) {
            // From both ends, so that the last number is exact.
            boolean front = i < num / 2 || !endpoint;
            values[i] = front || num == 1 ? start + step * i : stop - step * (num - 1 - i);
        }
        return create(values);
    }

    @Override
    public OktoNDManager newSubManager() {
        return newSubManager(device);
    }

    @Override
    public OktoNDManager newSubManager(Device device) {
        return attach(device, false);
    }

    /**
     * Makes a manager for a model: what is made directly below it, by each predictor, computes on a
     * GPU stream of its own.
     */
    final OktoNDManager newModelManager(Device device) {
        return attach(device, true);
    }

    private OktoNDManager attach(Device device, boolean model) {
        OktoNDManager manager =
                new OktoNDManager(this, device, forks ? new Backends() : backends, model);
        attachUncappedInternal(manager.uid, manager);
        if (!isOpen()) {
            manager.close();
            checkOpen();
        }
        return manager;
    }

    /** Frees all that is attached to it. */
    @Override
    public void close() {
        super.close();
        OktoNDManager above = parent instanceof OktoNDManager ? (OktoNDManager) parent : null;
        if (above != null && above.backends != backends) {
            backends.close();
        }
    }

    @Override
    public final Engine getEngine() {
        return OktoEngine.get();
    }

    /** The manager above all others. */
    private static final class SystemManager extends OktoNDManager implements SystemNDManager {

        SystemManager() {
            super(null, Device.cpu(), new Backends(), true);
        }
    }
}
