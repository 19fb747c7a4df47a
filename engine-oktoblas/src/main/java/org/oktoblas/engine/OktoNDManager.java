package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;

/** Makes and owns arrays of this engine; closing it frees all that is attached to it. */
public class OktoNDManager extends ManagerCreation {

    private static final OktoNDManager SYSTEM = new SystemManager();

    /** Up to this many bytes a file of arrays is read into the heap. */
    private static final long AT_ONCE = 1 << 28;

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
        long bytes = layout.count() * Types.bytes(dataType);
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

    /**
     * Reads the arrays of a file: an NDList, .npy, .npz or safetensors, in either byte order.
     *
     * @return the arrays, with their names, attached to this manager
     * @throws IllegalArgumentException if the file is none of these or damaged; this manager then
     *     has nothing of it
     * @throws UncheckedIOException if it cannot be read
     * @throws UnsupportedOperationException if it has arrays of a data type that this engine lacks
     */
    @Override
    public NDList load(Path path) {
        try (OktoNDManager reader = new Reader(this)) {
            NDList arrays = reader.decode(path);
            try {
                arrays.attach(this);
            } catch (RuntimeException e) {
                arrays.close();
                throw e;
            }
            return arrays;
        }
    }

    private NDList decode(Path path) {
        try {
            if (Files.size(path) <= AT_ONCE) {
                // DJL checks what bytes say of their length, but not what a stream says.
                return NDList.decode(this, Files.readAllBytes(path));
            }
            try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
                return NDList.decode(this, in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read arrays from " + path + ".", e);
        } catch (EngineException | UnsupportedOperationException e) {
            // The file is well: there is no memory for it, or no array of its data type.
            throw e;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    path
                            + " is no NDList, .npy, .npz or safetensors file, or damaged: "
                            + e.getMessage(),
                    e);
        }
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

    /**
     * Owns what is being read from a file, whose buffers say in which order their bytes are. DJL
     * leaves that to whoever makes the arrays; buffers of an application's may say nothing by it.
     */
    private static final class Reader extends OktoNDManager {

        Reader(OktoNDManager above) {
            super(above, above.device, above.backends, false);
        }

        @Override
        public OktoNDArray create(Buffer data, Shape shape, DataType dataType) {
            boolean foreign =
                    data instanceof ByteBuffer bytes && bytes.order() != ByteOrder.nativeOrder();
            boolean swap = foreign && dataType.getNumOfBytes() > 1;
            return super.create(
                    swap ? dataType.asDataType((ByteBuffer) data) : data, shape, dataType);
        }
    }

    /** The manager above all others. */
    private static final class SystemManager extends OktoNDManager implements SystemNDManager {

        SystemManager() {
            super(null, Device.cpu(), new Backends(), true);
        }
    }
}
