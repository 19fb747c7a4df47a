package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/**
 * Rows that are normalised by one kernel, and how they lie.
 *
 * @param walk over the rows of out and in, in that order
 * @param in what is normalised
 * @param out where it goes
 * @param count the elements of a row
 * @param inStride how far apart they lie in in
 * @param outStride likewise in out
 * @param gamma scale without gaps, of the type or of the one it is computed in, or null
 * @param beta shift, likewise, or null
 * @param epsilon what is added to the variance
 */
record LayerNormRows(
        Iteration walk,
        DeviceTensor in,
        DeviceTensor out,
        int count,
        long inStride,
        long outStride,
        DeviceTensor gamma,
        DeviceTensor beta,
        double epsilon) {

    private static final int VECTOR_BYTES = RowKernels.VECTOR_BYTES;

    private ElementType type() {
        return in.type();
    }

    /** Returns whether rows have no gaps, and scales and shifts that are of their type. */
    boolean isSimple() {
        return inStride == 1
                && outStride == 1
                && gamma != null
                && gamma.type() == type()
                && beta != null
                && beta.type() == type();
    }

    /** Returns whether they are simple, and all that belongs to them is whole 16-byte vectors. */
    boolean isPlain() {
        return isSimple()
                && (long) count * type().bytes() % VECTOR_BYTES == 0
                && RowKernels.aligned(walk, 0, out)
                && RowKernels.aligned(walk, 1, in)
                && gamma.address() % VECTOR_BYTES == 0
                && beta.address() % VECTOR_BYTES == 0;
    }

    /** Returns whether a row begins at the same place of a 16-byte vector in out and in. */
    boolean liesAlike() {
        long apart = RowKernels.at(out, walk, 0) - RowKernels.at(in, walk, 1);
        boolean alike = apart % VECTOR_BYTES == 0;
        for (int i = 0; i < walk.rank(); i++) {
            long strides = walk.stride(0, i) - walk.stride(1, i);
            alike &= strides * type().bytes() % VECTOR_BYTES == 0;
        }
        return alike;
    }

    /**
     * Returns a number of rows after which one begins at the same place of a 16-byte vector as this
     * one, for every row; 0 if there is none.
     */
    int period() {
        if (RowKernels.evenlySpaced(walk, 1, type())) {
            return 1;
        }
        return walk.rank() == 1 ? VECTOR_BYTES / type().bytes() : 0;
    }

    /** Writes {@code LayerNormParams}. */
    Arguments arguments(int groupBits, int vectors, int slice, int slices, long partial) {
        Arguments arguments =
                Arguments.start()
                        .pointer(RowKernels.at(out, walk, 0))
                        .pointer(RowKernels.at(in, walk, 1));
        walk.write(arguments).int64(outStride).int64(inStride);
        write(gamma, arguments);
        write(beta, arguments);
        return arguments
                .float64(epsilon)
                .int32(count)
                .int32(groupBits)
                .int32(vectors)
                .int32(slice)
                .int32(slices)
                .int32(0)
                .pointer(partial);
    }

    private void write(DeviceTensor parameter, Arguments arguments) {
        boolean wide = parameter != null && parameter.type() == RowKernels.wide(type());
        arguments.pointer(parameter == null ? 0 : parameter.address()).int32(wide ? 1 : 0).int32(0);
    }
}
