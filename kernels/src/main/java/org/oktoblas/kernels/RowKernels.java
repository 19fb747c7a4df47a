package org.oktoblas.kernels;

import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/** The kernels of one operation over rows, for one element type. */
final class RowKernels {

    /** The longest row that can be normalised, here as on the CPU. */
    private static final long MOST = 1 << 28;

    static final int VECTOR_BYTES = 16;

    private final CudaDevice device;
    private final String name;
    private final ElementType type;

    private final CudaKernel row;
    private final CudaKernel longRow;
    private final CudaKernel longest;
    final CudaKernel partial;
    final CudaKernel finish;
    private final RowPlan.Limits limits;

    /**
     * Looks the kernels up.
     *
     * @param readsLongestOnce whether there is a kernel that keeps rows as long as a vocabulary in
     *     registers
     */
    RowKernels(CudaDevice device, String name, ElementType type, boolean readsLongestOnce) {
        this.device = device;
        this.name = name;
        this.type = type;
        row = kernel("row");
        longRow = kernel("long");
        partial = kernel("partial");
        finish = kernel("finish");
        longest = readsLongestOnce ? kernel("longest") : longRow;
        limits =
                new RowPlan.Limits(
                        held(),
                        vector(),
                        row.constant("lineBytes") / type.bytes(),
                        row.threads(),
                        longRow.threads(),
                        readsLongestOnce ? longestHeld() : held(),
                        longest.threads());
    }

    /** Returns the kernel of a variant. */
    CudaKernel kernel(String variant) {
        return device.kernel(name + "_" + variant + "_" + type.suffix());
    }

    /** Returns the elements of a 16-byte vector. */
    int vector() {
        return VECTOR_BYTES / type.bytes();
    }

    /** Returns the elements that a thread keeps. */
    int held() {
        return row.constant(
                switch (type) {
                    case F64 -> "heldDoubles";
                    case F32 -> "heldFloats";
                    default -> "heldHalves";
                });
    }

    private int longestHeld() {
        return row.constant(type == ElementType.F32 ? "longestFloats" : "longestHalves");
    }

    /** Returns the elements of a column that a thread keeps. */
    int columnHeld() {
        return row.constant(type == ElementType.F64 ? "heldDoubles" : "heldFloats");
    }

    /** Returns the kernel of rows that are not split. */
    CudaKernel whole(RowPlan plan) {
        return switch (plan.way()) {
            case ROW -> row;
            case LONG -> longRow;
            case LONGEST -> longest;
            case SPLIT -> throw new IllegalArgumentException(plan + " has two kernels");
        };
    }

    /** Returns the size of the numbers that the type is computed in. */
    int wideBytes() {
        return wide(type).bytes();
    }

    /** Returns the type that a type is computed in. */
    static ElementType wide(ElementType type) {
        return type == ElementType.F64 ? ElementType.F64 : ElementType.F32;
    }

    /**
     * Divides the rows of a walk, whose elements lie strides apart.
     *
     * @param walk over the rows of out and in, in that order
     */
    RowPlan plan(Iteration walk, DeviceTensor out, DeviceTensor in, long inStride, int count) {
        // Vectors follow the input if it has no gaps, else the output.
        boolean aligned = inStride == 1 ? aligned(walk, 1, in) : aligned(walk, 0, out);
        return RowPlan.of(limits, count, aligned);
    }

    /** Returns whether all rows of a walk's tensor begin at multiples of 16 bytes. */
    static boolean aligned(Iteration walk, int number, DeviceTensor tensor) {
        return at(tensor, walk, number) % VECTOR_BYTES == 0
                && evenlySpaced(walk, number, tensor.type());
    }

    /** Returns whether the rows of a walk's tensor lie multiples of 16 bytes apart. */
    static boolean evenlySpaced(Iteration walk, int number, ElementType type) {
        boolean even = true;
        for (int i = 0; i < walk.rank(); i++) {
            even &= walk.stride(number, i) * type.bytes() % VECTOR_BYTES == 0;
        }
        return even;
    }

    /** Returns the blocks for so many rows of which a block takes some. */
    static int blocks(int rows, int rowsPerBlock) {
        return (rows - 1) / rowsPerBlock + 1;
    }

    /** Returns the address of a tensor's part where a walk begins. */
    static long at(DeviceTensor tensor, Iteration walk, int number) {
        return tensor.address() + walk.offset(number) * tensor.type().bytes();
    }

    /** Checks that elements are floats. */
    static void requireFloating(String operation, ElementType type) {
        if (!type.isFloating()) {
            throw new UnsupportedOperationException(
                    operation + " is not defined for integer arrays; convert them with toType.");
        }
    }

    /** Checks that a row is not too long. */
    static int length(long count) {
        if (count > MOST) {
            throw new UnsupportedOperationException(
                    "Rows of " + count + " elements are too long to normalise; 2^28 are the most.");
        }
        return (int) count;
    }
}
