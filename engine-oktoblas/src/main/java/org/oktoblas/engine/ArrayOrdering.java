package org.oktoblas.engine;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.Tensor;

/** Operations by the order of elements along an axis: the places of extremes, sorting, top-k. */
abstract class ArrayOrdering extends ArrayReductions {

    ArrayOrdering(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    @Override
    public OktoNDArray argMax() {
        return argReduce(true);
    }

    @Override
    public OktoNDArray argMax(int axis) {
        return argReduce(true, axis);
    }

    @Override
    public OktoNDArray argMin() {
        return argReduce(false);
    }

    @Override
    public OktoNDArray argMin(int axis) {
        return argReduce(false, axis);
    }

    private OktoNDArray argReduce(boolean largest) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor flat = operation.reshape(in, in.layout().count());
            return argReduce(operation, largest, flat, 0);
        }
    }

    private OktoNDArray argReduce(boolean largest, int axis) {
        int along = axis(axis);
        if (isScalar()) {
            return filled(0, DataType.INT64);
        }
        try (Operation operation = operation()) {
            return argReduce(operation, largest, operation.read(this), along);
        }
    }

    private OktoNDArray argReduce(Operation operation, boolean largest, Tensor in, int axis) {
        if (in.layout().size(axis) == 0) {
            throw new IllegalArgumentException(
                    "An NDArray of shape " + getShape() + " has no extreme: the axis is empty.");
        }
        long[] shape = in.layout().shape();
        shape[axis] = 1;
        Tensor out = operation.create(shape, DataType.INT64);
        operation.backend.argReduce(largest, in, axis, out);
        return operation.result(out.with(out.layout().dropAxis(axis)));
    }

    @Override
    public OktoNDArray sort() {
        return sort(-1);
    }

    @Override
    public OktoNDArray sort(int axis) {
        try (Operation operation = operation()) {
            return operation.result(sort(operation, false, axis, Long.MAX_VALUE)[0]);
        }
    }

    /** Indices that would sort an axis; equal elements keep their order, or lose it descending. */
    @Override
    public OktoNDArray argSort(int axis, boolean ascending) {
        try (Operation operation = operation()) {
            Tensor indices = sort(operation, false, axis, Long.MAX_VALUE)[1];
            if (ascending || indices.layout().rank() == 0 || indices.layout().count() == 0) {
                return operation.result(indices);
            }
            Tensor reversed = indices.with(indices.layout().reverse(axis(axis)));
            return operation.result(operation.copy(reversed, DataType.INT64));
        }
    }

    /**
     * The k largest or smallest elements along an axis and their INT64 indices. Unsorted, a small k
     * comes in order all the same, and a larger one as {@link Selector} leaves it.
     */
    @Override
    public NDList topK(int count, int axis, boolean largest, boolean sorted) {
        // An array without dimensions gives its element, however few are asked for.
        int k = isScalar() && count == 0 ? 1 : count;
        int along = axis(axis);
        long n = isScalar() ? 1 : layout().size(along);
        if (k < 0 || k > n) {
            throw new IllegalArgumentException(
                    "topK was asked for "
                            + k
                            + " elements, but axis "
                            + axis
                            + " of shape "
                            + getShape()
                            + " has "
                            + n
                            + ".");
        }
        try (Operation operation = operation()) {
            boolean select = !sorted && k * 64L > n && n > 1;
            Tensor[] both =
                    select
                            ? select(operation, operation.read(this), along, k, largest)
                            : sort(operation, largest, axis, k);
            return new NDList(operation.result(both[0]), operation.result(both[1]));
        }
    }

    private static Tensor[] select(
            Operation operation, Tensor in, int axis, int k, boolean largest) {
        int last = in.layout().rank() - 1;
        Tensor rows = in.with(in.layout().swap(axis, last));
        double[] values = HostElements.doubles(operation, rows);
        long[] shape = rows.layout().shape();
        int n = (int) shape[last];
        long[] found = new long[values.length / n * k];
        for (int row = 0; row * n < values.length; row++) {
            double[] one = Arrays.copyOfRange(values, row * n, (row + 1) * n);
            int[] order = new Selector(one, largest).select(k);
            for (int i = 0; i < k; i++) {
                found[row * k + i] = order[i];
            }
        }
        shape[last] = k;
        Tensor indices = HostElements.tensor(operation, found);
        indices = indices.with(indices.layout().reshape(shape).swap(axis, last));
        indices = operation.copy(indices, DataType.INT64);
        Tensor out = operation.create(indices.layout().shape(), in.dataType());
        if (found.length > 0) {
            operation.backend.gather(in, axis, indices, out);
        }
        return new Tensor[] {out, indices};
    }

    /** Returns at most {@code limit} sorted values and their indices. */
    private Tensor[] sort(Operation operation, boolean descending, int axis, long limit) {
        Tensor in = operation.read(this);
        int along = axis(axis);
        if (in.layout().rank() == 0) {
            in = in.with(in.layout().reshape(1));
            Tensor[] one = sort(operation, descending, in, 0, limit);
            return new Tensor[] {
                one[0].with(one[0].layout().dropAxis(0)), one[1].with(one[1].layout().dropAxis(0))
            };
        }
        return sort(operation, descending, in, along, limit);
    }

    private static Tensor[] sort(
            Operation operation, boolean descending, Tensor in, int axis, long limit) {
        long[] shape = in.layout().shape();
        shape[axis] = Math.min(limit, shape[axis]);
        Tensor values = operation.create(shape, in.dataType());
        Tensor indices = operation.create(shape, DataType.INT64);
        operation.backend.sort(descending, in, axis, values, indices);
        return new Tensor[] {values, indices};
    }
}
