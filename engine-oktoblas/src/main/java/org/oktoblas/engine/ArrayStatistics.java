package org.oktoblas.engine;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Order statistics: medians, percentiles, and the distinct elements. */
abstract class ArrayStatistics extends ArrayLinear {

    private static final int[] LAST = {-1};

    ArrayStatistics(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /** Returns the median along the last axis, as PyTorch's engine does. */
    @Override
    public OktoNDArray median() {
        return median(LAST);
    }

    /**
     * Returns the medians over axes, or over all if none is named. As in PyTorch it is the lower of
     * two middle elements, and NaN if there is any.
     *
     * @throws IllegalArgumentException if there are no elements
     */
    @Override
    public OktoNDArray median(int[] axes) {
        try (Operation operation = operation()) {
            Tensor sorted = sorted(operation, operation.read(this), axes, "median");
            int along = sorted.layout().rank() - 1;
            long middle = (sorted.layout().size(along) - 1) / 2;
            Tensor median = sorted.with(sorted.layout().select(along, middle));
            return operation.result(orNaN(operation, sorted, median));
        }
    }

    /** Returns a percentile along the last axis, as PyTorch's engine does. */
    @Override
    public OktoNDArray percentile(Number percentile) {
        return percentile(percentile, LAST);
    }

    /**
     * Returns the percentiles over axes, or over all if none is named, linear between neighbouring
     * elements, and NaN if there is any. Integers give FLOAT32.
     *
     * @throws IllegalArgumentException if the percentile is not from 0 to 100, or there are no
     *     elements
     */
    @Override
    public OktoNDArray percentile(Number percentile, int[] axes) {
        double percent = percentile.doubleValue();
        if (!(percent >= 0 && percent <= 100)) {
            throw new IllegalArgumentException(
                    "A percentile is from 0 to 100, not " + percentile + ".");
        }
        try (Operation operation = operation()) {
            DataType type = Types.floating(getDataType());
            Tensor in = operation.read(this, type);
            Tensor sorted = sorted(operation, in, axes, "percentile");
            int along = sorted.layout().rank() - 1;
            long last = sorted.layout().size(along) - 1;
            double rank = percent / 100 * last;
            long below = (long) rank;
            Tensor low = sorted.with(sorted.layout().select(along, below));
            Tensor high = sorted.with(sorted.layout().select(along, Math.min(below + 1, last)));
            Tensor out = operation.create(low.layout().shape(), type);
            if (rank == below) {
                operation.backend.copy(low, out);
            } else {
                operation.backend.binary(BinaryOp.SUBTRACT, high, low, out);
                operation.backend.binary(BinaryOp.MULTIPLY, out, Scalar.of(rank - below), out);
                operation.backend.binary(BinaryOp.ADD, out, low, out);
            }
            return operation.result(orNaN(operation, sorted, out));
        }
    }

    /** Returns the elements with the named axes taken as one, the last, and sorted along it. */
    private Tensor sorted(Operation operation, Tensor in, int[] axes, String name) {
        int rank = in.layout().rank();
        boolean[] named = new boolean[Math.max(1, rank)];
        for (int axis : axes) {
            named[axis(axis)] = true;
        }
        int[] order = new int[rank];
        long[] shape = new long[rank + 1];
        int kept = 0;
        long count = 1;
        for (int i = 0; i < rank; i++) {
            if (axes.length > 0 && !named[i]) {
                shape[kept] = in.layout().size(i);
                order[kept++] = i;
            }
        }
        int next = kept;
        for (int i = 0; i < rank; i++) {
            if (axes.length == 0 || named[i]) {
                count *= in.layout().size(i);
                order[next++] = i;
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException(
                    "An NDArray of shape "
                            + getShape()
                            + " has no "
                            + name
                            + ": there are no elements along the axes.");
        }
        shape[kept] = count;
        shape = Arrays.copyOf(shape, kept + 1);
        Tensor rows = operation.reshape(in.with(in.layout().permute(order)), shape);
        Tensor values = operation.create(shape, in.dataType());
        Tensor indices = operation.create(shape, DataType.INT64);
        operation.backend.sort(false, rows, kept, values, indices);
        return values;
    }

    /** Returns a statistic of sorted rows, with NaN where the row's last, the largest, is NaN. */
    private static Tensor orNaN(Operation operation, Tensor sorted, Tensor statistic) {
        Tensor out = operation.create(statistic.layout().shape(), statistic.dataType());
        if (!out.dataType().isFloating()) {
            operation.backend.copy(statistic, out);
            return out;
        }
        int along = sorted.layout().rank() - 1;
        long end = sorted.layout().size(along) - 1;
        Tensor last = sorted.with(sorted.layout().select(along, end));
        Tensor missing = operation.create(out.layout().shape(), DataType.BOOLEAN);
        operation.backend.unary(UnaryOp.IS_NAN, last, missing);
        operation.backend.where(missing, last, statistic, out);
        return out;
    }

    /**
     * Returns the distinct elements in ascending order, or the distinct slices of an axis in
     * lexicographic order, whether or not order is asked for. The list always has three arrays, as
     * PyTorch's engine gives them: the distinct elements or slices, the INT64 place of each element
     * or slice among them, and the INT64 number of times that each is there. What is not asked for
     * of the elements is an array of shape (0). Each NaN is distinct.
     *
     * @param dim the axis of slices, or null for all elements
     */
    @Override
    public NDList unique(Integer dim, boolean sorted, boolean returnInverse, boolean returnCounts) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            ComplexTensors.requireReal(in, "NDArray.unique");
            Distinct distinct = new Distinct(operation);
            Tensor[] found =
                    dim == null
                            ? distinct.elements(in, returnInverse, returnCounts)
                            : distinct.slices(in, axis(dim));
            NDList list = new NDList(found.length);
            for (Tensor tensor : found) {
                list.add(operation.result(tensor));
            }
            return list;
        }
    }
}
