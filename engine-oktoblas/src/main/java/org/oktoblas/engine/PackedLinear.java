package org.oktoblas.engine;

import ai.djl.Device;
import java.util.concurrent.atomic.AtomicInteger;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.Tensor;

/** A linear layer's weights, freed once it is closed and no product with it is under way. */
final class PackedLinear implements TransformerOps.Linear {

    private static final AtomicInteger COUNTER = new AtomicInteger();

    private final String uid = "oktoLinear" + COUNTER.incrementAndGet();
    private final OktoNDManager owner;
    private final Device device;
    private final PackedMatrix matrix;
    private final Tensor bias;
    // The layer's own use counts as one until it is closed.
    private final AtomicInteger uses = new AtomicInteger(1);
    private final AtomicInteger closed = new AtomicInteger();

    /** Makes a layer that owns the matrix and retains the bias, which may be null. */
    PackedLinear(OktoNDManager owner, Device device, PackedMatrix matrix, Tensor bias) {
        this.owner = owner;
        this.device = device;
        this.matrix = matrix;
        this.bias = bias;
        if (bias != null) {
            bias.storage().retain();
        }
        owner.own(uid, this, PackedLinear::close);
    }

    Device device() {
        return device;
    }

    PackedMatrix matrix() {
        return matrix;
    }

    Tensor bias() {
        return bias;
    }

    void retain() {
        int count = uses.get();
        while (count > 0) {
            if (uses.compareAndSet(count, count + 1)) {
                return;
            }
            count = uses.get();
        }
        throw new IllegalStateException("This linear layer is closed: it or its owner was closed.");
    }

    void release() {
        if (uses.decrementAndGet() == 0) {
            matrix.close();
            if (bias != null) {
                bias.storage().release();
            }
        }
    }

    @Override
    public long inputSize() {
        return matrix.rows();
    }

    @Override
    public long outputSize() {
        return matrix.columns();
    }

    @Override
    public long byteSize() {
        return matrix.byteSize() + (bias == null ? 0 : bias.storage().byteSize());
    }

    @Override
    public void close() {
        if (closed.getAndSet(1) == 0) {
            release();
            owner.detachInternal(uid);
        }
    }
}
