package org.oktoblas.engine.backend;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Matrices in the layouts by which backends choose how to walk over memory. */
enum Views {
    DENSE,
    /** One element behind an aligned address. */
    UNALIGNED,
    /** Rows with a gap that keeps them aligned. */
    PITCHED,
    /** Rows with a gap of one element. */
    ODDLY_PITCHED,
    /** Columns are contiguous. */
    TRANSPOSED,
    ROWS_BACKWARDS,
    COLUMNS_BACKWARDS,
    EVERY_SECOND_COLUMN,
    /** One row again and again; for inputs only, like those below. */
    ONE_ROW,
    ONE_COLUMN,
    ONE_ELEMENT;

    static final Views[] OUTPUTS = Arrays.copyOf(values(), ONE_ROW.ordinal());

    private static final int GUARD = 16;

    private Layout layout(long rows, long columns) {
        long[] shape = {rows, columns};
        return switch (this) {
            case DENSE -> new Layout(shape, new long[] {columns, 1}, GUARD);
            case UNALIGNED -> new Layout(shape, new long[] {columns, 1}, GUARD + 1);
            case PITCHED -> new Layout(shape, new long[] {(columns + 31) / 16 * 16, 1}, GUARD);
            case ODDLY_PITCHED -> new Layout(shape, new long[] {columns + 1, 1}, GUARD);
            case TRANSPOSED -> new Layout(shape, new long[] {1, rows}, GUARD);
            case ROWS_BACKWARDS ->
                    new Layout(shape, new long[] {-columns, 1}, GUARD + (rows - 1) * columns);
            case COLUMNS_BACKWARDS ->
                    new Layout(shape, new long[] {columns, -1}, GUARD + columns - 1);
            case EVERY_SECOND_COLUMN -> new Layout(shape, new long[] {2 * columns, 2}, GUARD);
            case ONE_ROW -> new Layout(shape, new long[] {0, 1}, GUARD);
            case ONE_COLUMN -> new Layout(shape, new long[] {1, 0}, GUARD);
            case ONE_ELEMENT -> new Layout(shape, new long[] {0, 0}, GUARD);
        };
    }

    /** What a matrix holds, by a place and a seed: whole numbers that every type has. */
    static double value(DataType type, long place, int seed) {
        long number = (place * 7 + place / 5 * 3 + seed) % 13;
        return type == DataType.BOOLEAN ? number % 2 : type == DataType.UINT8 ? number : number - 6;
    }

    /** Makes a matrix whose memory holds values by their place in it. */
    Tensor matrix(Backend backend, DataType type, long rows, long columns, int seed) {
        long size = 2 * (rows + 1) * (columns + 32) + 2 * GUARD;
        return TestTensors.of(backend, type, i -> value(type, i, seed), size)
                .with(layout(rows, columns));
    }

    /** Returns all of a matrix's memory, its surroundings included. */
    static byte[] memory(Backend backend, Tensor tensor) {
        ByteBuffer bytes =
                ByteBuffer.allocate((int) tensor.storage().byteSize())
                        .order(ByteOrder.nativeOrder());
        backend.read(tensor.storage(), 0, bytes);
        return bytes.array();
    }
}
