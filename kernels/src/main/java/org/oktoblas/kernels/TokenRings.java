package org.oktoblas.kernels;

import java.util.ArrayDeque;
import java.util.Deque;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaEvent;
import org.oktoblas.cuda.PinnedMemory;

/**
 * Pinned memory in which tokens arrive, kept from session to session since pinning is slow. What
 * the device may still write to is waited for only when it is taken again or freed.
 */
final class TokenRings implements AutoCloseable {

    private static final int LEAST_BYTES = 8 << 10;

    /** What no step's word looks like. */
    private static final long NOTHING = -1;

    private final CudaDevice device;
    private final Deque<Returned> idle = new ArrayDeque<>();

    /** Memory and the point after which the device does not write to it; null for now. */
    private record Returned(PinnedMemory memory, CudaEvent last) {

        void settle() {
            if (last != null) {
                last.synchronize();
                last.close();
            }
        }
    }

    TokenRings(CudaDevice device) {
        this.device = device;
    }

    /** Returns memory of at least so many words, none of which looks like a step's. */
    synchronized PinnedMemory take(int words) {
        int bytes = Math.multiplyExact(words, Long.BYTES);
        PinnedMemory memory = null;
        for (Returned returned : idle) {
            if (returned.memory.byteSize() >= bytes) {
                returned.settle();
                idle.remove(returned);
                memory = returned.memory;
                break;
            }
        }
        if (memory == null) {
            memory = new PinnedMemory(device, Math.max(bytes, LEAST_BYTES));
        }
        for (int i = 0; i < memory.byteSize() / Long.BYTES; i++) {
            memory.set(i, NOTHING);
        }
        return memory;
    }

    /**
     * Takes memory back.
     *
     * @param last after the last work that writes to it, or null if that is done
     */
    synchronized void giveBack(PinnedMemory memory, CudaEvent last) {
        // Last, as that is what may still have to be waited for when it is taken.
        idle.addLast(new Returned(memory, last));
    }

    @Override
    public synchronized void close() {
        try {
            Closing.all(
                    idle.stream()
                            .<AutoCloseable>map(
                                    returned ->
                                            () -> {
                                                returned.settle();
                                                returned.memory.close();
                                            })
                            .toList());
        } finally {
            idle.clear();
        }
    }
}
