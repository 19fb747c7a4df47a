package org.oktoblas.kernels;

import java.util.List;
import java.util.Optional;
import org.oktoblas.cuda.ElementType;

/**
 * What a GPT-2 is, and how its kernels divide it. All of this follows from the network and the type
 * of its packed weights, never from a device or a batch, and so do the bits of results.
 *
 * @param type of packed weights and of activations between products: F32, F16 or BF16
 * @param layers its layers
 * @param hidden the width of the residual
 * @param heads heads of attention, which divide the residual's width
 * @param inner the width between the two feed-forward products
 * @param vocabulary its tokens
 * @param context the most tokens of a sequence
 * @param activation between the two feed-forward products: "geluTanh" and the like
 * @param epsilon of layer norms
 * @param attentionScales by layer, what scores are multiplied by
 * @param tiedHead whether the head is the token table
 */
public record Gpt2Shape(
        ElementType type,
        int layers,
        int hidden,
        int heads,
        int inner,
        int vocabulary,
        int context,
        String activation,
        float epsilon,
        List<Double> attentionScales,
        boolean tiedHead) {

    /** The outputs of a tile of a packed matrix: {@code kTileOutputs}. */
    static final int TILE_OUTPUTS = 16;

    /** The bytes of depth of a tile: {@code kTileBytes}. */
    static final int TILE_BYTES = 32;

    /** The positions of a page of the cache: {@code kPagePositions}. */
    static final int PAGE_POSITIONS = 64;

    /** {@code kMostLayers}: a block of a step holds the addresses of all layers. */
    static final int MOST_LAYERS = 96;

    /** {@code kMostHeadWidth}, in memory. */
    static final int MOST_HEAD_WIDTH = 256;

    /** A norm's block keeps a token in registers: {@code kThreadVectors} times four a thread. */
    static final int MOST_HIDDEN = 2048;

    /** Norms read four neighbours at once. */
    private static final int HIDDEN_UNIT = 4;

    /** What the elements of a head fill up in memory, as vectors of so many bytes are read. */
    private static final int HEAD_BYTES = 16;

    /**
     * Into how many slices the depth of the narrow products is cut at most, so that more blocks
     * have something to do: {@code kMostSlices}.
     */
    private static final int MOST_SLICES = 4;

    /** The tiles of a slice: a slot of weights for each of the four warps that share it. */
    private static final int SLICE_TILES = 16;

    /** Copies the list. */
    public Gpt2Shape {
        attentionScales = List.copyOf(attentionScales);
    }

    /** Returns why there are no kernels for this network, in a clause, or nothing. */
    public Optional<String> whyUnsupported() {
        if (type != ElementType.F32 && type != ElementType.F16 && type != ElementType.BF16) {
            return Optional.of("its weights would be " + type);
        }
        if (Math.min(Math.min(layers, heads), Math.min(inner, Math.min(vocabulary, context))) < 1) {
            return Optional.of("one of its sizes is 0");
        }
        if (hidden < HIDDEN_UNIT || hidden > MOST_HIDDEN || hidden % HIDDEN_UNIT != 0) {
            return Optional.of(
                    "its hidden size of "
                            + hidden
                            + " is not a multiple of "
                            + HIDDEN_UNIT
                            + " up to "
                            + MOST_HIDDEN);
        }
        if (hidden % heads != 0) {
            return Optional.of(heads + " heads do not divide its hidden size of " + hidden);
        }
        if (packedHeadWidth() > MOST_HEAD_WIDTH) {
            return Optional.of(
                    "its heads are "
                            + headWidth()
                            + " wide, where "
                            + MOST_HEAD_WIDTH
                            + " is the most");
        }
        if (layers > MOST_LAYERS) {
            return Optional.of("it has " + layers + " layers, where " + MOST_LAYERS + " is most");
        }
        if (attentionScales.size() != layers) {
            return Optional.of(attentionScales.size() + " scales were given for " + layers);
        }
        return Optional.empty();
    }

    /** Returns the numbers of a head. */
    public int headWidth() {
        return hidden / heads;
    }

    /** Returns the elements that a head takes in memory; those beyond its width are 0. */
    int packedHeadWidth() {
        return roundUp(headWidth(), HEAD_BYTES / type.bytes());
    }

    /** Returns the elements of all heads in memory. */
    int attention() {
        return heads * packedHeadWidth();
    }

    /** Returns the elements of depth in a tile. */
    int tileDepth() {
        return TILE_BYTES / type.bytes();
    }

    /** Returns the tiles of a depth. */
    int depthTiles(int depth) {
        return up(depth, tileDepth());
    }

    /** Returns the tiles of the residual's width. */
    int hiddenTiles() {
        return depthTiles(hidden);
    }

    /** Returns the tiles of all heads. */
    int attentionTiles() {
        return depthTiles(attention());
    }

    /** Returns the tiles of the inner width. */
    int innerTiles() {
        return depthTiles(inner);
    }

    /** Returns into how many slices a step cuts the depth of the product that merges heads. */
    int mergeSlices() {
        return slices(attentionTiles());
    }

    /** Returns into how many slices a step cuts the depth of the second feed-forward product. */
    int downSlices() {
        return slices(innerTiles());
    }

    /** Returns as few slices as have the same number of tiles, so that none is empty. */
    private static int slices(int tiles) {
        return up(tiles, up(tiles, Math.min(MOST_SLICES, up(tiles, SLICE_TILES))));
    }

    /** Returns the bytes of the keys, or values, of a layer in a page of the cache. */
    long pageValueBytes() {
        return (long) PAGE_POSITIONS * attention() * type.bytes();
    }

    /** Returns the bytes of a page of the cache: keys and values of all layers. */
    long pageBytes() {
        return 2 * layers * pageValueBytes();
    }

    /** Returns how many pages a sequence may have. */
    int mostPages() {
        return up(context, PAGE_POSITIONS);
    }

    /** Returns the elements from a sequence's history to the next: one more than it may have. */
    int historyPitch() {
        return context + 1;
    }

    static int up(int count, int size) {
        return (count + size - 1) / size;
    }

    static int roundUp(int count, int size) {
        return up(count, size) * size;
    }
}
