package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** What an array is and who owns it; its operations are in the classes that extend this one. */
abstract class ArrayBase implements NDArray {

    private static final AtomicLong COUNTER = new AtomicLong();
    private static final AtomicReferenceFieldUpdater<ArrayBase, Tensor> TENSOR =
            AtomicReferenceFieldUpdater.newUpdater(ArrayBase.class, Tensor.class, "tensor");

    private final String uid = "okto" + COUNTER.incrementAndGet();
    private volatile Tensor tensor;
    private volatile OktoNDManager manager;
    private Shape shape;
    private DataType dataType;
    private Device device;
    private String name;
    private boolean requiresGradient;

    /** Makes an array that owns one reference of the tensor's storage. */
    ArrayBase(OktoNDManager manager, Tensor tensor) {
        this.manager = manager;
        this.tensor = tensor;
        this.dataType = tensor.dataType();
        this.device = tensor.storage().device();
    }

    /**
     * Makes the finished array known to its manager and to the scope around the caller.
     *
     * @throws IllegalStateException if the manager takes nothing any more; the array is then closed
     */
    final void register() {
        try {
            manager.attachInternal(uid, this);
            manager.checkOpen();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        NDScope.register(this);
    }

    /**
     * Returns the elements. Whoever passes them to a backend holds their storage, by {@link
     * Operation#read}.
     *
     * @throws IllegalStateException if the array is closed
     */
    final Tensor tensor() {
        Tensor current = tensor;
        if (current == null) {
            throw new IllegalStateException(
                    "This NDArray "
                            + describe()
                            + " is closed: it, its manager or the NDScope around it was closed"
                            + " before this use.");
        }
        return current;
    }

    final Layout layout() {
        return tensor().layout();
    }

    /** Returns a new array, attached to this one's manager, that sees the same elements. */
    final OktoNDArray view(Layout layout) {
        return view(manager, layout);
    }

    final OktoNDArray view(OktoNDManager owner, Layout layout) {
        Tensor whole = tensor();
        whole.storage().retain();
        return new OktoNDArray(owner, whole.with(layout));
    }

    /** Starts an operation on this array's device, whose results go to this array's manager. */
    final Operation operation() {
        return new Operation(manager, this);
    }

    final int rank() {
        return tensor().layout().rank();
    }

    /**
     * Returns an axis counted from 0.
     *
     * @throws IllegalArgumentException if the array has no such axis
     */
    final int axis(long axis) {
        return axis(axis, rank());
    }

    final int axis(long axis, int rank) {
        // An array without dimensions may be asked for its axis 0 or -1.
        int axes = Math.max(1, rank);
        if (axis < -axes || axis >= axes) {
            throw new IllegalArgumentException(
                    "Axis "
                            + axis
                            + " does not exist in an array of shape "
                            + getShape()
                            + ": axes go from "
                            + -axes
                            + " to "
                            + (axes - 1)
                            + ".");
        }
        return (int) (axis < 0 ? axis + axes : axis);
    }

    private String describe() {
        return (name == null ? "" : '"' + name + "\" ") + "of data type " + dataType;
    }

    @Override
    public OktoNDManager getManager() {
        return manager;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public void setName(String name) {
        this.name = name;
    }

    @Override
    public String getUid() {
        return uid;
    }

    @Override
    public DataType getDataType() {
        return dataType;
    }

    /** Returns where the elements are, which need not be where the manager makes new arrays. */
    @Override
    public Device getDevice() {
        return device;
    }

    @Override
    public Shape getShape() {
        Shape known = shape;
        if (known == null) {
            known = new Shape(tensor().layout().shape());
            shape = known;
        }
        return known;
    }

    @Override
    public SparseFormat getSparseFormat() {
        return SparseFormat.DENSE;
    }

    /**
     * Notes the wish, as DJL's parameters express it whenever they are made; this version computes
     * no gradients, which {@link #getGradient} says.
     */
    @Override
    public void setRequiresGradient(boolean requiresGrad) {
        requiresGradient = requiresGrad;
    }

    /** Returns whether a gradient was asked for by {@link #setRequiresGradient}. */
    @Override
    public boolean hasGradient() {
        return requiresGradient;
    }

    /** Always refuses: this version computes no gradients. */
    @Override
    @Refuses(Refusal.GRADIENTS)
    public NDArray getGradient() {
        throw Unavailable.because("NDArray.getGradient", Refusal.GRADIENTS);
    }

    @Override
    public OktoNDArray stopGradient() {
        return view(layout());
    }

    @Override
    public void attach(NDManager manager) {
        OktoNDManager owner = OktoNDManager.of(manager);
        detach();
        this.manager = owner;
        owner.attachInternal(uid, this);
        if (!owner.isOpen()) {
            close();
            owner.checkOpen();
        }
    }

    @Override
    public void returnResource(NDManager manager) {
        OktoNDManager owner = OktoNDManager.of(manager);
        detach();
        this.manager = owner;
        owner.attachUncappedInternal(uid, this);
    }

    @Override
    public void tempAttach(NDManager manager) {
        OktoNDManager owner = OktoNDManager.of(manager);
        NDManager original = this.manager;
        detach();
        this.manager = owner;
        owner.tempAttachInternal(original, uid, this);
    }

    @Override
    public void detach() {
        manager.detachInternal(uid);
        manager = OktoNDManager.system();
    }

    /** Takes over another array's elements and closes it. */
    @Override
    public void intern(NDArray replaced) {
        if (replaced == this) {
            return;
        }
        ArrayBase other = (ArrayBase) replaced;
        Tensor taken = TENSOR.getAndSet(other, null);
        if (taken == null) {
            throw new IllegalStateException("The NDArray to take elements from is closed.");
        }
        Tensor old = TENSOR.getAndSet(this, taken);
        shape = null;
        dataType = taken.dataType();
        device = taken.storage().device();
        if (old != null) {
            old.storage().release();
        }
        other.close();
    }

    @Override
    public boolean isReleased() {
        return tensor == null;
    }

    /** Gives the memory back; closing twice is harmless. */
    @Override
    public void close() {
        Tensor old = TENSOR.getAndSet(this, null);
        if (old != null) {
            old.storage().release();
        }
        manager.detachInternal(uid);
    }
}
