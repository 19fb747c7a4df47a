package org.oktoblas.kernels;

import java.util.ArrayList;
import java.util.List;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Workspace;

/** Tensors without gaps that an operation needs for a moment. */
final class Temporaries implements AutoCloseable {

    private final CudaStream stream;
    private final Elementwise elementwise;
    private final List<Workspace> workspaces = new ArrayList<>();

    Temporaries(CudaStream stream, Elementwise elementwise) {
        this.stream = stream;
        this.elementwise = elementwise;
    }

    /** Returns memory, a multiple of 256 bytes from 0. */
    long bytes(long count) {
        Workspace workspace = stream.workspace(count);
        workspaces.add(workspace);
        return workspace.address();
    }

    /** Returns a tensor that nothing has been written to. */
    DeviceTensor empty(ElementType type, long... shape) {
        DeviceTensor tensor = DeviceTensor.dense(0, type, shape);
        return DeviceTensor.dense(bytes(tensor.count() * type.bytes()), type, shape);
    }

    /** Returns a copy of a tensor in another type or its own. */
    DeviceTensor copy(DeviceTensor tensor, ElementType type) {
        DeviceTensor copy = empty(type, tensor.shape());
        elementwise.copy(stream, tensor, copy);
        return copy;
    }

    @Override
    public void close() {
        workspaces.forEach(Workspace::close);
    }
}
