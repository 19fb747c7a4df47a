package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;

/**
 * One operation on its way through the backend. It holds the memory of all that the operation reads
 * and writes until it is closed, so that another thread that closes an array meanwhile gets its
 * memory freed late rather than from under the backend, and so that temporaries and the results of
 * failed operations are freed at once.
 */
final class Operation implements AutoCloseable {

    private final OktoNDManager manager;
    private final Backend device;

    /** Computes on the operation's device; it takes complex numbers too. */
    final Backend backend;

    private Storage[] held = new Storage[4];
    private int count;

    /** Starts an operation on a manager's device, whose results go to the manager. */
    Operation(OktoNDManager manager) {
        this(manager, manager.backend());
    }

    /** Starts an operation on an array's device, whose results go to a manager. */
    Operation(OktoNDManager manager, NDArray array) {
        this(
                manager,
                array instanceof OktoNDArray
                        ? manager.backend(array.getDevice())
                        : manager.backend());
    }

    /** Starts an operation on a device, whose results go to a manager. */
    Operation(OktoNDManager manager, Device device) {
        this(manager, manager.backend(device));
    }

    private Operation(OktoNDManager manager, Backend backend) {
        this.manager = manager;
        device = backend;
        this.backend = new ComplexBackend(backend);
    }

    /**
     * Returns an array's elements, copying them over first if it is another engine's.
     *
     * @throws IllegalArgumentException if the array is on another device
     */
    Tensor read(NDArray array) {
        if (array instanceof OktoNDArray) {
            Tensor tensor = ((OktoNDArray) array).tensor();
            Storage storage = tensor.storage();
            check(storage.device());
            storage.retain();
            hold(storage);
            return tensor;
        }
        Tensor copy = create(array.getShape().getShape(), Types.supported(array.getDataType()));
        backend.write(array.toByteBuffer(), copy.storage(), 0);
        return copy;
    }

    /** Refuses what is on another device. */
    void check(Device device) {
        Device own = backend.device();
        if (device != own && !device.equals(own)) {
            throw new IllegalArgumentException(
                    "The arrays of one operation must be on one device, and these are on "
                            + own
                            + " and "
                            + device
                            + ": bring one over with toDevice first.");
        }
    }

    /** Returns a copy, on this operation's device, of a tensor of an operation on another. */
    Tensor bring(Operation from, Tensor tensor) {
        Tensor dense = from.dense(tensor);
        Tensor copy = create(dense.layout().shape(), dense.dataType());
        DeviceCopy.run(from.device, dense, device, copy);
        return copy;
    }

    /** Returns an array's elements in a data type. */
    Tensor read(NDArray array, DataType type) {
        return cast(read(array), type);
    }

    /** Returns a tensor in a data type, itself if it has that type. */
    Tensor cast(Tensor tensor, DataType type) {
        return tensor.dataType() == type ? tensor : copy(tensor, type);
    }

    /** Returns a tensor in row-major order without gaps, itself if it lies so. */
    Tensor dense(Tensor tensor) {
        return tensor.layout().isContiguous() ? tensor : copy(tensor, tensor.dataType());
    }

    /** Returns the elements under another shape, as a view if that can be. */
    Tensor reshape(Tensor tensor, long... shape) {
        Layout view = tensor.layout().reshape(shape);
        if (view != null) {
            return tensor.with(view);
        }
        return copy(tensor, tensor.dataType()).with(Layout.contiguous(shape));
    }

    /** Returns a dense copy in a data type. */
    Tensor copy(Tensor tensor, DataType type) {
        Tensor copy = create(tensor.layout().shape(), type);
        backend.copy(tensor, copy);
        return copy;
    }

    /** Allocates a tensor, freed with this operation unless it becomes a {@link #result}. */
    Tensor create(long[] shape, DataType type) {
        Layout layout = Layout.contiguous(shape);
        long bytes = Math.multiplyExact(layout.count(), (long) Types.bytes(type));
        Storage storage = backend.allocate(Math.max(1, bytes));
        hold(storage);
        return new Tensor(storage, type, layout);
    }

    /** Returns a tensor of this operation as an array, attached to the operation's manager. */
    OktoNDArray result(Tensor tensor) {
        tensor.storage().retain();
        return new OktoNDArray(manager, tensor);
    }

    private void hold(Storage storage) {
        if (count == held.length) {
            held = Arrays.copyOf(held, count * 2);
        }
        held[count++] = storage;
    }

    @Override
    public void close() {
        while (count > 0) {
            held[--count].release();
        }
    }
}
