package org.oktoblas.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Descriptions of tensors for the tensor memory accelerator of compute capability 9.0 and later,
 * which copies boxes of them. Kernels take one as a {@code CUtensorMap} in their struct, written by
 * {@code Arguments.bytes(map, 64)}.
 */
public final class TensorMap {

    /** How rows of a box are permuted in shared memory, so that banks do not collide. */
    public enum Swizzle {
        NONE(0),
        B32(32),
        B64(64),
        B128(128);

        private final int bytes;

        Swizzle(int bytes) {
            this.bytes = bytes;
        }

        /** Returns the most bytes that a row of a box may have; 0 for no limit. */
        public int bytes() {
            return bytes;
        }
    }

    /** How much the second-level cache fetches at once. */
    public enum Promotion {
        NONE,
        B64,
        B128,
        B256
    }

    private static final int BYTES = 128;
    private static final int MOST_AXES = 5;
    private static final int MOST_BOX = 256;

    private TensorMap() {}

    /**
     * Describes a tensor, innermost axis first.
     *
     * @param type the element type
     * @param address where it begins, a multiple of 16
     * @param sizes its length along each axis, one to five of them
     * @param byteStrides bytes from one index to the next along each axis but the first, multiples
     *     of 16
     * @param box the elements that one copy moves along each axis, 1 to 256
     * @param swizzle the permutation in shared memory
     * @param promotion the second-level cache's fetches
     * @return the map, 128 bytes
     * @throws IllegalArgumentException if the hardware cannot describe that
     */
    public static ByteBuffer tiled(
            ElementType type,
            long address,
            long[] sizes,
            long[] byteStrides,
            int[] box,
            Swizzle swizzle,
            Promotion promotion) {
        int rank = sizes.length;
        require(rank >= 1 && rank <= MOST_AXES, "it has 1 to 5 axes, not " + rank);
        require(
                byteStrides.length == rank - 1 && box.length == rank,
                "it needs a stride for each axis but the first, and a length of the box for each");
        require(address != 0 && address % 16 == 0, "its address is a multiple of 16");
        ByteBuffer numbers = ByteBuffer.allocateDirect(120).order(ByteOrder.nativeOrder());
        for (int i = 0; i < rank; i++) {
            require(
                    sizes[i] >= 1 && sizes[i] <= 1L << 32,
                    "its length along axis " + i + " is 1 to 2^32, not " + sizes[i]);
            require(
                    box[i] >= 1 && box[i] <= MOST_BOX,
                    "its box has 1 to 256 elements along axis " + i + ", not " + box[i]);
            numbers.putLong(8 * i, sizes[i]);
            numbers.putInt(80 + 4 * i, box[i]);
            numbers.putInt(100 + 4 * i, 1);
        }
        for (int i = 0; i < rank - 1; i++) {
            require(
                    byteStrides[i] > 0 && byteStrides[i] % 16 == 0 && byteStrides[i] < 1L << 40,
                    "its stride along axis "
                            + (i + 1)
                            + " is a multiple of 16 bytes below 2^40, not "
                            + byteStrides[i]);
            numbers.putLong(40 + 8 * i, byteStrides[i]);
        }
        long row = (long) box[0] * type.bytes();
        require(row % 16 == 0, "a row of its box is a multiple of 16 bytes, not " + row);
        require(
                swizzle == Swizzle.NONE || row <= swizzle.bytes(),
                "a row of its box is at most " + swizzle.bytes() + " bytes, not " + row);
        ByteBuffer map =
                ByteBuffer.allocateDirect(BYTES + 64).alignedSlice(64).limit(BYTES).slice();
        map.order(ByteOrder.nativeOrder());
        int code =
                Driver.encode(
                        map,
                        code(type),
                        rank,
                        address,
                        numbers,
                        0,
                        swizzle.ordinal(),
                        promotion.ordinal(),
                        0);
        CudaException.check(code, "cuTensorMapEncodeTiled", null);
        return map;
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("No tensor map can describe this: " + what);
        }
    }

    private static int code(ElementType type) {
        return switch (type) {
            case I8, U8, BOOL -> 0;
            case I32 -> 3;
            case I64 -> 5;
            case F16 -> 6;
            case F32 -> 7;
            case F64 -> 8;
            case BF16 -> 9;
        };
    }
}
