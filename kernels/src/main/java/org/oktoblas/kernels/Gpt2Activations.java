package org.oktoblas.kernels;

import java.util.List;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.Workspace;

/**
 * What steps work with between their products: some megabytes, for as many columns as a step may
 * have and as many keys as a sequence. All is 0 at first, as what fills up rows to whole tiles,
 * counters and the barrier must be.
 */
final class Gpt2Activations implements AutoCloseable {

    private final Workspace memory;
    private final Gpt2Structs.Activations addresses;
    private final long byteSize;

    Gpt2Activations(CudaStream stream, Gpt2Shape shape, Gpt2Steps steps) {
        BlockPlaces places = new BlockPlaces();
        int columns = steps.mostColumns();
        int chunks = Gpt2Shape.up(shape.context(), steps.constant("chunkKeys"));
        int rowBytes = columns * Gpt2Shape.TILE_BYTES;
        long x = places.take((long) columns * shape.hidden() * Float.BYTES);
        long other = places.take((long) columns * shape.hidden() * Float.BYTES);
        int slices = Math.max(shape.mergeSlices(), shape.downSlices());
        long partials = places.take((long) slices * columns * shape.hidden() * Float.BYTES);
        long query = places.take((long) columns * shape.attention() * Float.BYTES);
        long normalized = places.take((long) rowBytes * shape.hiddenTiles());
        long attended = places.take((long) rowBytes * shape.attentionTiles());
        long inner = places.take((long) rowBytes * shape.innerTiles());
        // Of each chunk the head's outputs, its largest score and the sum of its weights.
        long parts = (long) columns * shape.heads() * chunks * (shape.packedHeadWidth() + 2);
        long chunkParts = places.take(parts * Float.BYTES);
        long counts = places.take((long) columns * shape.heads() * Integer.BYTES);
        long barrier = places.take(2 * Integer.BYTES);
        byteSize = places.byteSize();
        memory = stream.workspace(byteSize);
        try {
            stream.fill(memory.address(), 0, byteSize);
        } catch (RuntimeException | Error e) {
            Closing.after(e, List.of(memory));
            throw e;
        }
        long base = memory.address();
        addresses =
                new Gpt2Structs.Activations(
                        base + x,
                        base + other,
                        base + partials,
                        base + query,
                        base + normalized,
                        base + attended,
                        base + inner,
                        base + chunkParts,
                        base + counts,
                        base + barrier,
                        chunks);
    }

    Gpt2Structs.Activations addresses() {
        return addresses;
    }

    long byteSize() {
        return byteSize;
    }

    @Override
    public void close() {
        memory.close();
    }
}
