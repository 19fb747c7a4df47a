package org.oktoblas.engine.cuda;

import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.kernels.PackedWeights;

/** A constant right-hand side in the order that the kernels read it. */
record CudaMatrix(PackedWeights weights) implements PackedMatrix {

    @Override
    public long rows() {
        return weights.rows();
    }

    @Override
    public long columns() {
        return weights.columns();
    }

    @Override
    public long byteSize() {
        return weights.byteSize();
    }

    @Override
    public void close() {
        CudaStorage.free(weights.memory());
    }
}
