package org.oktoblas.kernels;

import java.util.Arrays;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * A factor of a product, or a batch of them. Its rows are the rows of the left one and the columns
 * of the right one; its depth is the axis that is summed over.
 *
 * @param address where the first element lies
 * @param type the element type
 * @param rows the length of the axis that the result has too
 * @param depth the length of the axis that is summed over
 * @param rowStride the elements from one row to the next
 * @param depthStride the elements from one depth to the next
 * @param lead the lengths of the batch's axes
 * @param leadStrides their strides
 */
record Factor(
        long address,
        ElementType type,
        long rows,
        long depth,
        long rowStride,
        long depthStride,
        long[] lead,
        long[] leadStrides) {

    /** What kernels read 16 bytes at once. */
    private static final int VECTOR_BYTES = 16;

    /** How a factor lies in memory. */
    enum Form {
        /** Neighbours in depth are neighbours in memory; rows begin at multiples of 16 bytes. */
        BY_DEPTH,
        /** Neighbouring rows are neighbours in memory; depths begin at multiples of 16 bytes. */
        BY_ROW,
        /** Neighbouring rows are neighbours in memory, without alignment. */
        LOOSE_BY_ROW,
        /** Anything else. */
        LOOSE;

        /** Returns whether elements can be read 16 bytes at once. */
        boolean isAligned() {
            return this == BY_DEPTH || this == BY_ROW;
        }

        /** Returns whether neighbouring rows are neighbours in memory. */
        boolean isByRow() {
            return this == BY_ROW || this == LOOSE_BY_ROW;
        }
    }

    /** Makes the left factor of a product: (…, rows, depth). */
    static Factor left(DeviceTensor tensor) {
        int last = tensor.rank() - 1;
        return of(tensor, last - 1, last);
    }

    /** Makes the right factor of a product: (…, depth, rows). */
    static Factor right(DeviceTensor tensor) {
        int last = tensor.rank() - 1;
        return of(tensor, last, last - 1);
    }

    private static Factor of(DeviceTensor tensor, int rowAxis, int depthAxis) {
        int leading = tensor.rank() - 2;
        return new Factor(
                        tensor.address(),
                        tensor.type(),
                        tensor.shape()[rowAxis],
                        tensor.shape()[depthAxis],
                        tensor.strides()[rowAxis],
                        tensor.strides()[depthAxis],
                        Arrays.copyOf(tensor.shape(), leading),
                        Arrays.copyOf(tensor.strides(), leading))
                .plain();
    }

    /** Gives strides that are never used the values that suit most kernels. */
    private Factor plain() {
        long row = rows == 1 ? 0 : rowStride;
        long deep = depth > 1 ? depthStride : row == 1 ? 0 : 1;
        return new Factor(address, type, rows, depth, row, deep, lead, leadStrides);
    }

    /** Returns how this factor lies in memory. */
    Form form() {
        if (depthStride == 1 && isAligned(rowStride)) {
            return Form.BY_DEPTH;
        }
        if (rowStride == 1) {
            return isAligned(depthStride) ? Form.BY_ROW : Form.LOOSE_BY_ROW;
        }
        return Form.LOOSE;
    }

    private boolean isAligned(long stride) {
        if (address % VECTOR_BYTES != 0 || stride * type.bytes() % VECTOR_BYTES != 0) {
            return false;
        }
        for (int i = 0; i < lead.length; i++) {
            if (lead[i] > 1 && leadStrides[i] * type.bytes() % VECTOR_BYTES != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns some of the rows. */
    Factor partOfRows(long from, long count) {
        return new Factor(
                        address + from * rowStride * type.bytes(),
                        type,
                        count,
                        depth,
                        rowStride,
                        depthStride,
                        lead,
                        leadStrides)
                .plain();
    }

    /** Returns some of the batch's members. */
    Factor partOfBatch(int axis, long from, long count) {
        long[] fewer = lead.clone();
        fewer[axis] = count;
        return new Factor(
                address + from * leadStrides[axis] * type.bytes(),
                type,
                rows,
                depth,
                rowStride,
                depthStride,
                fewer,
                leadStrides);
    }

    /** Returns this factor as a tensor (…, rows, depth), members that repeat only once. */
    DeviceTensor distinct() {
        long[] shape = Arrays.copyOf(lead, lead.length + 2);
        long[] strides = Arrays.copyOf(leadStrides, lead.length + 2);
        for (int i = 0; i < lead.length; i++) {
            shape[i] = leadStrides[i] == 0 ? Math.min(1, lead[i]) : lead[i];
        }
        shape[lead.length] = rows;
        shape[lead.length + 1] = depth;
        strides[lead.length] = rowStride;
        strides[lead.length + 1] = depthStride;
        return new DeviceTensor(address, type, shape, strides);
    }

    /**
     * Returns where a copy of another type has its elements, as if at address 0: neighbours lie as
     * this factor has them, lines begin at multiples of 16 bytes.
     */
    Factor packed(ElementType other) {
        return packed(other, form().isByRow());
    }

    /** Returns where a copy has its elements whose neighbours are those in depth, or rows. */
    Factor packed(ElementType other, boolean byRow) {
        int vector = VECTOR_BYTES / other.bytes();
        long pitch = ((byRow ? rows : depth) + vector - 1) / vector * vector;
        long[] strides = new long[lead.length];
        long stride = pitch * (byRow ? depth : rows);
        for (int i = lead.length - 1; i >= 0; i--) {
            if (leadStrides[i] != 0) {
                strides[i] = stride;
                stride *= Math.max(1, lead[i]);
            }
        }
        return new Factor(
                0, other, rows, depth, byRow ? 1 : pitch, byRow ? pitch : 1, lead, strides);
    }

    /** Returns the bytes from the first element to behind the last line of a packed factor. */
    long packedBytes() {
        long bytes = Math.max(rowStride * rows, depthStride * depth) * type.bytes();
        for (int i = 0; i < lead.length; i++) {
            if (leadStrides[i] != 0) {
                bytes = Math.max(bytes, leadStrides[i] * lead[i] * type.bytes());
            }
        }
        return bytes;
    }

    /** Returns whether the lines of a packed factor are longer than what is in them. */
    boolean isPadded() {
        return form().isByRow() ? depthStride > rows : rowStride > depth;
    }

    /** Returns this factor somewhere else. */
    Factor at(long newAddress) {
        return new Factor(newAddress, type, rows, depth, rowStride, depthStride, lead, leadStrides);
    }
}
