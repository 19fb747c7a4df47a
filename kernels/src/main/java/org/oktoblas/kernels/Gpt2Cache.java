package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.Workspace;

/**
 * Keys and values of sequences, in pages of some positions that are allocated as sequences grow and
 * freed, in the stream's order, when they end. Kernels find them in a table by slot and page.
 */
final class Gpt2Cache implements AutoCloseable {

    /**
     * When a page is needed, sequences that will need one within so many positions get theirs too,
     * so that the table is not rewritten at each step of a large batch.
     */
    private static final int AHEAD = 16;

    private final CudaStream stream;
    private final Gpt2Shape shape;
    private final List<List<Workspace>> pages = new ArrayList<>();
    private final ByteBuffer table;
    private final Workspace deviceTable;
    private int changedFrom = Integer.MAX_VALUE;
    private int changedTo;
    private int count;

    Gpt2Cache(CudaStream stream, Gpt2Shape shape, int slots) {
        this.stream = stream;
        this.shape = shape;
        int bytes = Math.multiplyExact(slots * shape.mostPages(), Long.BYTES);
        table = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        for (int i = 0; i < slots; i++) {
            pages.add(new ArrayList<>());
        }
        deviceTable = stream.workspace(bytes);
    }

    /** Returns where kernels find the pages. */
    long tableAddress() {
        return deviceTable.address();
    }

    /**
     * Makes room for sequences.
     *
     * @param slots the sequences
     * @param lengths by slot, how many positions each must have room for
     * @throws org.oktoblas.cuda.CudaOutOfMemoryException if there is no memory for another page;
     *     what there was room for before stays
     */
    void require(int[] slots, int[] lengths) {
        for (int slot : slots) {
            if (!covers(slot, lengths[slot])) {
                grow(slots, lengths);
                return;
            }
        }
        // Pages that were added before memory ran out.
        upload();
    }

    private boolean covers(int slot, int positions) {
        return pages.get(slot).size() * Gpt2Shape.PAGE_POSITIONS >= positions;
    }

    private void grow(int[] slots, int[] lengths) {
        for (int slot : slots) {
            int wanted = Math.min(shape.context(), lengths[slot] + AHEAD);
            while (!covers(slot, wanted)) {
                add(slot);
            }
        }
        upload();
    }

    private void add(int slot) {
        Workspace page = stream.workspace(shape.pageBytes());
        List<Workspace> own = pages.get(slot);
        int at = slot * shape.mostPages() + own.size();
        own.add(page);
        count++;
        table.putLong(at * Long.BYTES, page.address());
        changedFrom = Math.min(changedFrom, at);
        changedTo = Math.max(changedTo, at + 1);
    }

    private void upload() {
        if (changedFrom < changedTo) {
            ByteBuffer changed =
                    table.slice(changedFrom * Long.BYTES, (changedTo - changedFrom) * Long.BYTES);
            stream.upload(changed, deviceTable.address() + (long) changedFrom * Long.BYTES);
            changedFrom = Integer.MAX_VALUE;
            changedTo = 0;
        }
    }

    /** Frees a sequence's pages for what is enqueued from now on. */
    void free(int slot) {
        List<Workspace> own = pages.get(slot);
        count -= own.size();
        try {
            Closing.all(own);
        } finally {
            own.clear();
        }
    }

    /** Returns the bytes that pages and table take. */
    long byteSize() {
        return count * shape.pageBytes() + table.capacity();
    }

    @Override
    public void close() {
        List<AutoCloseable> all = new ArrayList<>();
        pages.forEach(all::addAll);
        all.add(deviceTable);
        count = 0;
        pages.forEach(List::clear);
        Closing.all(all);
    }
}
