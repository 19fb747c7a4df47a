package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Operations that put copies of arrays together: repeat, tile, pad, concat, stack. */
abstract class ArrayCopies extends ArrayShapes {

    ArrayCopies(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /** Repeats each element along an axis: (1, 2) twice is (1, 1, 2, 2). */
    @Override
    public OktoNDArray repeat(int axis, long repeats) {
        int along = axis(axis);
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Layout layout = in.layout().rank() == 0 ? in.layout().reshape(1) : in.layout();
            return operation.result(copies(operation, in.with(layout), along, repeats, true));
        }
    }

    @Override
    public OktoNDArray repeat(long repeats) {
        return repeat(everywhere(repeats));
    }

    /** Repeats elements along each axis; the last axes need not be named. */
    @Override
    public OktoNDArray repeat(long[] repeats) {
        long[] all = Arrays.copyOf(repeats, Math.max(repeats.length, rank()));
        Arrays.fill(all, repeats.length, all.length, 1);
        return multiply(all, true);
    }

    /** Repeats each element so often that the shape becomes a multiple of this array's. */
    @Override
    public OktoNDArray repeat(Shape desiredShape) {
        long[] own = layout().shape();
        long[] wanted = desiredShape.getShape();
        int missing = own.length - wanted.length;
        long[] repeats = new long[own.length];
        boolean fits = missing >= 0;
        for (int i = 0; fits && i < own.length; i++) {
            long target = i < missing ? own[i] : wanted[i - missing];
            fits = own[i] != 0 && target % own[i] == 0;
            repeats[i] = fits ? target / own[i] : 0;
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "repeat of shape "
                            + getShape()
                            + " to "
                            + desiredShape
                            + ": each length must be a multiple of the original.");
        }
        return repeat(repeats);
    }

    @Override
    public OktoNDArray tile(long repeats) {
        return tile(everywhere(repeats));
    }

    @Override
    public OktoNDArray tile(int axis, long repeats) {
        long[] all = everywhere(1);
        all[axis(axis)] = repeats;
        return tile(all);
    }

    /** Repeats the whole array along axes: (1, 2) twice is (1, 2, 1, 2). */
    @Override
    public OktoNDArray tile(long[] repeats) {
        return multiply(repeats, false);
    }

    /**
     * Repeats the whole array so often that it has the desired shape, whose axes are the last if
     * they are fewer.
     *
     * @throws IllegalArgumentException if a length is no multiple of the original
     */
    @Override
    public OktoNDArray tile(Shape desiredShape) {
        long[] own = layout().shape();
        long[] wanted = desiredShape.getShape();
        int rank = Math.max(own.length, wanted.length);
        long[] repeats = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long length = i <= own.length ? own[own.length - i] : 1;
            long target = i <= wanted.length ? wanted[wanted.length - i] : length;
            if (target == length) {
                repeats[rank - i] = 1;
            } else if (length == 0 || target % length != 0) {
                throw new IllegalArgumentException(
                        "tile of shape "
                                + getShape()
                                + " to "
                                + desiredShape
                                + ": each length must be a multiple of the original.");
            } else {
                repeats[rank - i] = target / length;
            }
        }
        return tile(repeats);
    }

    private long[] everywhere(long repeats) {
        long[] all = new long[Math.max(1, rank())];
        Arrays.fill(all, repeats);
        return all;
    }

    private OktoNDArray multiply(long[] repeats, boolean each) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            int added = repeats.length - in.layout().rank();
            if (added < 0) {
                throw new IllegalArgumentException(
                        "An NDArray of shape "
                                + getShape()
                                + " needs a number of repeats for each axis, not "
                                + Arrays.toString(repeats)
                                + ".");
            }
            Layout layout = in.layout();
            for (int i = 0; i < added; i++) {
                layout = layout.insertAxis(0);
            }
            in = in.with(layout);
            for (int axis = 0; axis < repeats.length; axis++) {
                if (repeats[axis] != 1) {
                    in = copies(operation, in, axis, repeats[axis], each);
                }
            }
            boolean untouched = in.storage() == tensor().storage();
            return operation.result(untouched ? operation.copy(in, in.dataType()) : in);
        }
    }

    /** Copies an axis several times over, element by element or as a whole. */
    private static Tensor copies(
            Operation operation, Tensor in, int axis, long repeats, boolean each) {
        if (repeats < 0) {
            throw new IllegalArgumentException(
                    "The number of repeats must not be negative: " + repeats);
        }
        long[] shape = in.layout().shape();
        Layout source = in.layout().insertAxis(each ? axis + 1 : axis);
        long[] stretched = source.shape();
        stretched[each ? axis + 1 : axis] = repeats;
        shape[axis] *= repeats;
        Tensor out = operation.create(shape, in.dataType());
        operation.backend.copy(
                in.with(source.broadcastTo(stretched)), out.with(out.layout().reshape(stretched)));
        return out;
    }

    /**
     * Pads with a value. The padding names, from the last axis on, how much to add before and
     * after; a negative length takes elements away there instead.
     */
    @Override
    public OktoNDArray pad(Shape padding, double value) {
        long[] amounts = padding.getShape();
        int rank = rank();
        if (amounts.length % 2 != 0 || amounts.length / 2 > rank) {
            throw new IllegalArgumentException(
                    "pad of shape "
                            + getShape()
                            + " by "
                            + padding
                            + ": give two lengths for each axis, from the last axis on.");
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            long[] shape = in.layout().shape();
            Layout source = in.layout();
            for (int i = 0; i < amounts.length; i += 2) {
                int axis = rank - 1 - i / 2;
                long cut = Math.max(0, -amounts[i]);
                long left = shape[axis] - cut - Math.max(0, -amounts[i + 1]);
                if (left < 0) {
                    throw new IllegalArgumentException(
                            "pad of shape "
                                    + getShape()
                                    + " by "
                                    + padding
                                    + ": axis "
                                    + axis
                                    + " has fewer elements than are to be taken away.");
                }
                source = source.slice(axis, cut, left, 1);
                shape[axis] += amounts[i] + amounts[i + 1];
            }
            Tensor out = operation.create(shape, in.dataType());
            operation.backend.fill(out, Scalar.of(value));
            Layout inner = out.layout();
            for (int i = 0; i < amounts.length; i += 2) {
                int axis = rank - 1 - i / 2;
                inner = inner.slice(axis, Math.max(0, amounts[i]), source.size(axis), 1);
            }
            operation.backend.copy(in.with(source), out.with(inner));
            return operation.result(out);
        }
    }

    /** Joins this array and others along an axis that all have. */
    final OktoNDArray join(NDList others, int axis) {
        int along = axis(axis);
        try (Operation operation = operation()) {
            Tensor[] parts = read(operation, others);
            long[] shape = parts[0].layout().shape();
            if (shape.length == 0) {
                throw new IllegalArgumentException(
                        "concat needs arrays with at least one axis: use stack for scalars.");
            }
            for (int i = 1; i < parts.length; i++) {
                long[] other = parts[i].layout().shape();
                boolean fits = other.length == shape.length;
                for (int d = 0; fits && d < shape.length; d++) {
                    fits = d == along || other[d] == shape[d];
                }
                if (!fits) {
                    throw new IllegalArgumentException(
                            "concat along axis "
                                    + axis
                                    + " of shape "
                                    + Arrays.toString(parts[0].layout().shape())
                                    + " with "
                                    + Arrays.toString(other)
                                    + ": all other lengths must be equal.");
                }
                shape[along] += other[along];
            }
            Tensor out = operation.create(shape, parts[0].dataType());
            long start = 0;
            for (Tensor part : parts) {
                long n = part.layout().size(along);
                if (part.layout().count() > 0) {
                    operation.backend.copy(part, out.with(out.layout().slice(along, start, n, 1)));
                }
                start += n;
            }
            return operation.result(out);
        }
    }

    /** Puts this array and others of its shape side by side along a new axis. */
    final OktoNDArray pile(NDList others, int axis) {
        int along = axis(axis, rank() + 1);
        try (Operation operation = operation()) {
            Tensor[] parts = read(operation, others);
            long[] shape = parts[0].layout().shape();
            Tensor out = operation.create(grown(shape, along, parts.length), parts[0].dataType());
            for (int i = 0; i < parts.length; i++) {
                if (!parts[i].layout().sameShape(parts[0].layout())) {
                    throw new IllegalArgumentException(
                            "stack of shape "
                                    + Arrays.toString(shape)
                                    + " with "
                                    + Arrays.toString(parts[i].layout().shape())
                                    + ": all shapes must be equal.");
                }
                operation.backend.copy(parts[i], out.with(out.layout().select(along, i)));
            }
            return operation.result(out);
        }
    }

    private static long[] grown(long[] shape, int axis, long length) {
        long[] grown = new long[shape.length + 1];
        System.arraycopy(shape, 0, grown, 0, axis);
        grown[axis] = length;
        System.arraycopy(shape, axis, grown, axis + 1, shape.length - axis);
        return grown;
    }

    /** Reads this array and others in the type that holds them all. */
    private Tensor[] read(Operation operation, NDList others) {
        Tensor[] parts = new Tensor[others.size() + 1];
        parts[0] = operation.read(this);
        DataType type = parts[0].dataType();
        int i = 1;
        for (NDArray other : others) {
            parts[i] = operation.read(other);
            type = Types.widest(type, parts[i++].dataType());
        }
        for (i = 0; i < parts.length; i++) {
            parts[i] = operation.cast(parts[i], type);
        }
        return parts;
    }
}
