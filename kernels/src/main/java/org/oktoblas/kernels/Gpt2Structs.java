package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;

/**
 * The structs that the kernels of a GPT-2 take, written as {@code model.cuh} and the kernels'
 * sources declare them.
 */
final class Gpt2Structs {

    private final Gpt2Shape shape;
    private final int activation;

    /**
     * Where the packed weights lie.
     *
     * @param layers the layers' table
     * @param tokens the packed token table
     * @param head the packed head, possibly the same
     * @param positions the position table
     * @param lastGain of the last norm
     * @param lastShift of the last norm
     */
    record Weights(
            long layers, long tokens, long head, long positions, long lastGain, long lastShift) {}

    /**
     * Where the sequences lie.
     *
     * @param pages addresses of the cache's pages by slot and page
     * @param history tokens by slot and position
     * @param newest the positions of the newest tokens by slot
     */
    record Sequences(long pages, long history, long newest) {}

    /**
     * What a step works with between its products.
     *
     * @param words by which the blocks of a step of one column hand each other their results
     * @param mostChunks how many chunks of keys {@code chunks} has room for
     */
    record Activations(
            long x,
            long partials,
            long query,
            long normalized,
            long attended,
            long inner,
            long chunks,
            long chunkCounts,
            long barrier,
            long words,
            int mostChunks) {}

    /**
     * That a step of one column appends the likeliest token itself.
     *
     * @param tokens as {@link TokenChoice.Sequences} has them; 0 if it is not to
     * @param step its number
     */
    record Likeliest(long tokens, int step) {

        static final Likeliest NONE = new Likeliest(0, 0);
    }

    /**
     * What differs from launch to launch of a step's kernels.
     *
     * @param activationsAt byte of the shared memory
     * @param vectorsAt byte of the shared memory, for a step of one column
     * @param places of words, for a step of one column
     * @param firstTurn of the buffers of words: the first layer's
     * @param keptTurn of the buffers of the residual
     */
    record Launch(
            int activationsAt, int vectorsAt, Gpt2Places places, int firstTurn, int keptTurn) {}

    /**
     * Where a step's results go, and how many columns it has.
     *
     * @param logits F32, rows of {@code pitch} elements
     * @param best the candidates of each warp and column
     * @param wanted whether logits are wanted, not only keys and values
     */
    record Results(long logits, long pitch, long best, boolean wanted) {}

    /**
     * A matrix to be packed.
     *
     * @param units of eight bytes to be written
     * @param source the code of the source's type
     */
    record Packing(
            long from,
            long to,
            long outputStride,
            long depthStride,
            long units,
            int source,
            int depthTiles,
            Groups outputs,
            Groups depths) {}

    /**
     * Neighbouring outputs or depths that are wider when packed; what is beyond is 0.
     *
     * @param count the groups
     * @param width a group's in the source
     * @param packedWidth a group's in the packed matrix
     */
    record Groups(int count, int width, int packedWidth) {

        static Groups of(int size) {
            return new Groups(1, size, size);
        }

        /** Returns the length in the source. */
        int size() {
            return count * width;
        }

        /** Returns the length in the packed matrix. */
        int packedSize() {
            return count * packedWidth;
        }
    }

    /**
     * A product of a prompt's tokens.
     *
     * @param in rows of {@code depthTiles}
     * @param bias F32
     * @param out rows of {@code outPitch} elements
     * @param way what happens to the sums
     */
    record Product(
            long in,
            long weights,
            long bias,
            long out,
            long outPitch,
            int tokens,
            int outputs,
            int depthTiles,
            int way,
            int layer) {}

    Gpt2Structs(Gpt2Shape shape, int activation) {
        this.shape = shape;
        this.activation = activation;
    }

    private Arguments shape(Arguments to) {
        return to.int32(shape.layers())
                .int32(shape.hidden())
                .int32(shape.hiddenTiles())
                .int32(shape.heads())
                .int32(shape.packedHeadWidth())
                .int32(shape.attentionTiles())
                .int32(shape.inner())
                .int32(shape.innerTiles())
                .int32(shape.vocabulary())
                .int32(shape.context())
                .int32(activation)
                .float32(shape.epsilon());
    }

    private static Arguments weights(Arguments to, Weights w) {
        return to.pointer(w.layers)
                .pointer(w.tokens)
                .pointer(w.head)
                .pointer(w.positions)
                .pointer(w.lastGain)
                .pointer(w.lastShift);
    }

    private Arguments sequences(Arguments to, Sequences s) {
        return to.pointer(s.pages)
                .pointer(s.history)
                .pointer(s.newest)
                .int64(2 * shape.pageValueBytes())
                .int64(shape.pageValueBytes())
                .int32(shape.mostPages())
                .int32(shape.historyPitch());
    }

    /**
     * Writes a step: {@code Step}.
     *
     * @param slots the sequence of each column
     * @param positions of each column's token, or -1 for the sequence's newest
     * @param first of the columns in the two arrays
     * @param count columns
     * @param most columns that the struct has room for
     */
    Arguments step(
            Weights weights,
            Sequences sequences,
            Activations a,
            Results results,
            Likeliest likeliest,
            Launch launch,
            int[] slots,
            int[] positions,
            int first,
            int count,
            int most) {
        Arguments to = sequences(weights(shape(Arguments.start()), weights), sequences);
        to.pointer(a.x)
                .pointer(a.partials)
                .pointer(a.query)
                .pointer(a.normalized)
                .pointer(a.attended)
                .pointer(a.inner)
                .pointer(a.chunks)
                .pointer(a.chunkCounts)
                .pointer(results.logits)
                .pointer(results.best)
                .pointer(a.barrier)
                .pointer(likeliest.tokens)
                .pointer(a.words)
                .int64(results.pitch)
                .int32(count)
                .int32(a.mostChunks)
                .int32(shape.mergeSlices())
                .int32(shape.downSlices())
                .int32(results.wanted ? 1 : 0)
                .int32(launch.activationsAt)
                .int32(launch.vectorsAt)
                .int32(launch.places.qkv())
                .int32(launch.places.merge())
                .int32(launch.places.inner())
                .int32(launch.places.down())
                .int32(launch.places.chunks())
                .int32(launch.places.turn())
                .int32(launch.firstTurn)
                .int32(launch.keptTurn)
                .int32(likeliest.step);
        for (int i = 0; i < most; i++) {
            to.int32(i < count ? slots[first + i] : 0);
        }
        for (int i = 0; i < most; i++) {
            to.int32(i < count ? positions[first + i] : 0);
        }
        return to;
    }

    /** Writes a matrix to be packed: {@code Packing}. */
    static Arguments packing(Packing p) {
        return Arguments.start()
                .pointer(p.from)
                .pointer(p.to)
                .int64(p.outputStride)
                .int64(p.depthStride)
                .int64(p.units)
                .int32(p.source)
                .int32(p.depthTiles)
                .int32(p.outputs.count)
                .int32(p.outputs.width)
                .int32(p.outputs.packedWidth)
                .int32(p.depths.count)
                .int32(p.depths.width)
                .int32(p.depths.packedWidth);
    }

    /**
     * Writes a norm of a prompt's tokens: {@code PromptNorm}.
     *
     * @param x the residual; written where the norm begins with embeddings
     * @param first the position of the first token
     */
    Arguments promptNorm(
            Weights weights,
            Sequences sequences,
            long x,
            long gain,
            long shift,
            long out,
            boolean embeds,
            int slot,
            int first) {
        return sequences(weights(shape(Arguments.start()), weights), sequences)
                .pointer(x)
                .pointer(gain)
                .pointer(shift)
                .pointer(out)
                .int32(embeds ? 1 : 0)
                .int32(slot)
                .int32(first);
    }

    /** Writes a product of a prompt's tokens: {@code PromptProduct}. */
    Arguments promptProduct(Sequences sequences, Product p, int slot, int first) {
        return sequences(shape(Arguments.start()), sequences)
                .pointer(p.in)
                .pointer(p.weights)
                .pointer(p.bias)
                .pointer(p.out)
                .int64(p.outPitch)
                .int32(p.tokens)
                .int32(p.outputs)
                .int32(p.depthTiles)
                .int32(p.way)
                .int32(p.layer)
                .int32(slot)
                .int32(first);
    }
}
