package org.oktoblas.cuda;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * What is known of work while it is captured into a graph.
 *
 * <p>Memory allocated meanwhile belongs to the graph, as every replay uses the same addresses: it
 * comes from the stream as usual, is used again within the capture once it was freed there, and
 * returns to the stream when the graph is closed. Memory that existed before is noted with how it
 * is used, so that each replay waits for other streams as the work itself would have, and is kept
 * until the graph is closed.
 */
final class Capture {

    private record Block(long address, long bytes) {}

    private final CudaStream stream;
    private final List<Block> blocks = new ArrayList<>();
    private final List<Block> unused = new ArrayList<>();
    private final Map<DeviceMemory, Boolean> uses = new IdentityHashMap<>();
    private boolean over;

    Capture(CudaStream stream) {
        this.stream = stream;
    }

    /** Returns the address of a block of at least so many bytes, of which the size is known. */
    synchronized long take(long blockBytes) {
        Block best = null;
        for (Block block : unused) {
            if (block.bytes == blockBytes) {
                best = block;
                break;
            }
        }
        if (best != null) {
            unused.remove(best);
            return best.address;
        }
        long address = stream.allocateBlock(blockBytes);
        blocks.add(new Block(address, blockBytes));
        return address;
    }

    /** Takes a block back that the captured work needs no longer. */
    synchronized void giveBack(long address, long blockBytes) {
        if (!over) {
            unused.add(new Block(address, blockBytes));
        }
    }

    /** Notes that the captured work uses memory. */
    synchronized void uses(DeviceMemory memory, boolean writes) {
        Boolean known = uses.get(memory);
        if (known == null) {
            memory.hold();
        }
        if (known == null || writes && !known) {
            uses.put(memory, writes);
        }
    }

    /** Ends the capture: from now on freed blocks stay with the graph. */
    synchronized void end() {
        over = true;
        unused.clear();
        // Blocks that were freed within the capture are nobody's; no other stream uses them.
        uses.keySet()
                .removeIf(
                        memory -> {
                            boolean gone = memory.belongsTo(this) && memory.isFreed();
                            if (gone) {
                                memory.letGo();
                            }
                            return gone;
                        });
    }

    /** Returns the memory that the work uses, and whether it writes. */
    Map<DeviceMemory, Boolean> uses() {
        return uses;
    }

    /**
     * Gives all memory back; the stream is ordered after all that used it. Where that fails for a
     * part, the next call goes on with the rest.
     */
    synchronized void release() {
        over = true;
        for (Iterator<DeviceMemory> rest = uses.keySet().iterator(); rest.hasNext(); ) {
            DeviceMemory memory = rest.next();
            rest.remove();
            memory.letGo();
        }
        while (!blocks.isEmpty()) {
            Block block = blocks.remove(blocks.size() - 1);
            stream.recycle(block.address, block.bytes);
        }
    }
}
