package org.oktoblas.kernels;

/**
 * Where the blocks that take a step of one column put what they hand each other, in words of 32
 * bits from the beginning of a turn: {@code Places}. Each begins with a whole vector of four.
 *
 * @param qkv queries, keys and values
 * @param merge products that merge heads, by slice
 * @param inner activations between the feed-forward products, in the weights' type
 * @param down the second feed-forward products, by slice
 * @param chunks attention's chunks of keys, by head
 * @param turn the words of a turn
 */
record Gpt2Places(int qkv, int merge, int inner, int down, int chunks, int turn) {

    /** What a chunk has besides its outputs: {@code chunk_words_of}. */
    private static final int CHUNK_ENDS = 4;

    /** Lays them out for so many chunks of keys a head. */
    static Gpt2Places of(Gpt2Shape shape, int chunks) {
        int merge = 3 * shape.attention();
        int inner = merge + shape.mergeSlices() * shape.hidden();
        int innerBytes =
                Gpt2Shape.roundUp(shape.inner(), Gpt2Shape.TILE_OUTPUTS) * shape.type().bytes();
        int down = inner + innerBytes / Integer.BYTES;
        int chunksAt = down + shape.downSlices() * shape.hidden();
        int chunkWords = shape.packedHeadWidth() + CHUNK_ENDS;
        int turn =
                Math.addExact(
                        chunksAt,
                        Math.multiplyExact(Math.multiplyExact(shape.heads(), chunks), chunkWords));
        return new Gpt2Places(0, merge, inner, down, chunksAt, turn);
    }
}
