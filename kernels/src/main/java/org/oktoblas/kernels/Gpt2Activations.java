package org.oktoblas.kernels;

import java.util.List;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.Workspace;

/**
 * What steps work with between their products: some megabytes, for as many columns as a step may
 * have and as many keys as a sequence. All is 0 at first, as what fills up rows to whole tiles,
 * counters and the barrier must be, but for words that are not there yet.
 */
final class Gpt2Activations implements AutoCloseable {

    /** The bytes of {@code kAbsent}. */
    private static final int ABSENT_BYTE = 0xff;

    private final Workspace memory;
    private final Gpt2Structs.Activations addresses;
    private final Gpt2Places places;
    private final int layers;
    private final int turns;
    private final int keptTurns;
    private final long byteSize;

    /** The turns of the next step of one column. */
    private int nextTurn;

    private int nextKeptTurn;

    Gpt2Activations(CudaStream stream, Gpt2Shape shape, Gpt2Steps steps) {
        BlockPlaces block = new BlockPlaces();
        int columns = steps.mostColumns();
        int chunks = Gpt2Shape.up(shape.context(), steps.constant("chunkKeys"));
        int rowBytes = columns * Gpt2Shape.TILE_BYTES;
        places = Gpt2Places.of(shape, chunks);
        layers = shape.layers();
        turns = steps.constant("turns");
        keptTurns = steps.constant("keptTurns");
        long x = block.take((long) columns * shape.hidden() * Float.BYTES);
        int slices = Math.max(shape.mergeSlices(), shape.downSlices());
        long partials = block.take((long) slices * columns * shape.hidden() * Float.BYTES);
        long query = block.take((long) columns * shape.attention() * Float.BYTES);
        long normalized = block.take((long) rowBytes * shape.hiddenTiles());
        long attended = block.take((long) rowBytes * shape.attentionTiles());
        long inner = block.take((long) rowBytes * shape.innerTiles());
        // Of each chunk the head's outputs, its largest score and the sum of its weights.
        long parts = (long) columns * shape.heads() * chunks * (shape.packedHeadWidth() + 2);
        long chunkParts = block.take(parts * Float.BYTES);
        long counts = block.take((long) columns * shape.heads() * Integer.BYTES);
        long barrier = block.take(2 * Integer.BYTES);
        long wordBytes =
                steps.takesLikeliest(1)
                        ? ((long) turns * places.turn() + (long) keptTurns * shape.hidden())
                                * Integer.BYTES
                        : 0;
        long words = block.take(wordBytes);
        byteSize = block.byteSize();
        memory = stream.workspace(byteSize);
        try {
            stream.fill(memory.address(), 0, byteSize);
            stream.fill(memory.address() + words, ABSENT_BYTE, wordBytes);
        } catch (RuntimeException | Error e) {
            Closing.after(e, List.of(memory));
            throw e;
        }
        long base = memory.address();
        addresses =
                new Gpt2Structs.Activations(
                        base + x,
                        base + partials,
                        base + query,
                        base + normalized,
                        base + attended,
                        base + inner,
                        base + chunkParts,
                        base + counts,
                        base + barrier,
                        base + words,
                        chunks);
    }

    Gpt2Structs.Activations addresses() {
        return addresses;
    }

    /**
     * Returns what a launch needs to know.
     *
     * @param single whether it is a step of one column, which takes its turns
     */
    Gpt2Structs.Launch launch(Gpt2StepShared shared, boolean single) {
        Gpt2Structs.Launch launch =
                new Gpt2Structs.Launch(
                        shared.activationsAt(), shared.vectorsAt(), places, nextTurn, nextKeptTurn);
        if (single) {
            nextTurn = (nextTurn + layers) % turns;
            nextKeptTurn = (nextKeptTurn + 1) % keptTurns;
        }
        return launch;
    }

    long byteSize() {
        return byteSize;
    }

    @Override
    public void close() {
        memory.close();
    }
}
