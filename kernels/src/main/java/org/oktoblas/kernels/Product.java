package org.oktoblas.kernels;

import java.util.Arrays;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * Where a product's results go, and what happens to each on its way: out = activation(sum + bias) +
 * residual, in float32.
 *
 * @param address where the first result lies
 * @param type the results' type
 * @param rows the rows of a result
 * @param columns its columns
 * @param rowStride the elements from one row to the next
 * @param columnStride the elements from one column to the next
 * @param lead the lengths of the batch's axes
 * @param leadStrides their strides
 * @param finish what happens to each sum
 */
record Product(
        long address,
        ElementType type,
        long rows,
        long columns,
        long rowStride,
        long columnStride,
        long[] lead,
        long[] leadStrides,
        Finish finish) {

    /**
     * What happens to a sum.
     *
     * @param bias the address of a float32 for each column, or 0
     * @param residual the address of float32 rows that are added, or 0; columns are neighbours
     * @param residualStride the elements from one of those rows to the next
     * @param activation the kernels' number of the activation
     */
    record Finish(long bias, long residual, long residualStride, int activation) {

        static final Finish NOTHING = new Finish(0, 0, 0, 0);

        private Finish partOf(long row, long column) {
            return new Finish(
                    bias == 0 ? 0 : bias + column * Float.BYTES,
                    residual == 0 ? 0 : residual + (row * residualStride + column) * Float.BYTES,
                    residualStride,
                    activation);
        }
    }

    /** Results that are written at once. */
    private static final int VECTOR = 4;

    /** Makes a product that becomes a tensor (…, rows, columns). */
    static Product into(DeviceTensor tensor, Finish finish) {
        int leading = tensor.rank() - 2;
        return new Product(
                tensor.address(),
                tensor.type(),
                tensor.shape()[leading],
                tensor.shape()[leading + 1],
                tensor.strides()[leading],
                tensor.strides()[leading + 1],
                Arrays.copyOf(tensor.shape(), leading),
                Arrays.copyOf(tensor.strides(), leading),
                finish);
    }

    /** Returns the number of products. */
    long batch() {
        long batch = 1;
        for (long length : lead) {
            batch *= length;
        }
        return batch;
    }

    /** Returns the transposed product; nothing may happen to its sums. */
    Product swapped() {
        return new Product(
                address, type, columns, rows, columnStride, rowStride, lead, leadStrides, finish);
    }

    /** Returns some of the rows and columns. */
    Product part(long row, long rowCount, long column, long columnCount) {
        return new Product(
                address + (row * rowStride + column * columnStride) * type.bytes(),
                type,
                rowCount,
                columnCount,
                rowStride,
                columnStride,
                lead,
                leadStrides,
                finish.partOf(row, column));
    }

    /** Returns some of the batch's members. */
    Product partOfBatch(int axis, long from, long count) {
        long[] fewer = lead.clone();
        fewer[axis] = count;
        return new Product(
                address + from * leadStrides[axis] * type.bytes(),
                type,
                rows,
                columns,
                rowStride,
                columnStride,
                fewer,
                leadStrides,
                finish);
    }

    /** Returns the sums of one part of the depth in a workspace, nothing done to them. */
    Product sumsAt(long workspace, ElementType sums) {
        long pitch = (columns + VECTOR - 1) / VECTOR * VECTOR;
        long[] strides = new long[lead.length];
        long stride = rows * pitch;
        for (int i = lead.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= lead[i];
        }
        return new Product(workspace, sums, rows, columns, pitch, 1, lead, strides, Finish.NOTHING);
    }

    /** Returns whether sums of a type's factors become results of that type as they are. */
    boolean isPlain(ElementType factors) {
        return type == factors && finish.equals(Finish.NOTHING);
    }

    /** Returns whether four neighbouring columns can be written at once, everywhere. */
    boolean isVector() {
        int bytes = VECTOR * type.bytes();
        boolean aligned =
                columnStride == 1
                        && columns % VECTOR == 0
                        && (rowStride % VECTOR == 0 || rows == 1)
                        && address % bytes == 0
                        && finish.bias % (VECTOR * Float.BYTES) == 0
                        && finish.residual % (VECTOR * Float.BYTES) == 0
                        && (finish.residualStride % VECTOR == 0 || rows == 1);
        for (int i = 0; i < lead.length && aligned; i++) {
            aligned = lead[i] == 1 || leadStrides[i] % VECTOR == 0;
        }
        return aligned;
    }

    /** Writes the struct {@code Finish}, for a result that begins some elements further on. */
    Arguments write(Arguments arguments, long offset, Kernel kernel, boolean vector) {
        String outType =
                switch (type) {
                    case F16 -> "outF16";
                    case BF16 -> "outBf16";
                    default -> "outF32";
                };
        // Kernels that only know one type have no numbers for them.
        Integer code = kernel.tile().get(outType);
        return arguments
                .pointer(address + offset * type.bytes())
                .pointer(finish.bias)
                .pointer(finish.residual)
                .int64(rowStride)
                .int64(columnStride)
                .int64(finish.residualStride)
                .int32(code == null ? 0 : code)
                .int32(finish.activation)
                .int32(vector ? 1 : 0)
                .int32(0);
    }
}
