package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * Chooses the next tokens of sequences from their logits, on the device. The same logits, settings
 * and seed give the same tokens as the host's sampler, whoever else is in the batch.
 */
public final class TokenChoice {

    /** What is chosen where a logit is NaN, or the largest is infinite. */
    public static final int NO_TOKEN = -1;

    private final CudaKernel kernel;
    private final int mostColumns;

    /**
     * How to choose.
     *
     * @param temperature divides the logits; 0 takes the likeliest token, the lowest of equals
     * @param topK draw among the k likeliest tokens and the equals of the last; 0 for all
     * @param topP draw among the fewest likeliest tokens whose probabilities sum to at least this;
     *     1 for all
     * @param repetitionPenalty divides the positive logits, and multiplies the negative ones, of
     *     tokens that a sequence already holds; 1 for none
     * @param minTokens before so many generated tokens the end of text cannot be chosen
     * @param endOfText the token that ends a text, or -1
     * @param seed of the random numbers, of which every generated token of a sequence has its own
     */
    public record Settings(
            double temperature,
            int topK,
            double topP,
            double repetitionPenalty,
            int minTokens,
            int endOfText,
            long seed) {}

    /**
     * Where sequences are, by slot: addresses of device memory, and of pinned host memory for the
     * tokens.
     *
     * @param history the tokens of each sequence, 32-bit integers; the chosen one is appended
     * @param historyPitch how many a sequence has room for
     * @param positions the position of each sequence's newest token, a 32-bit integer; becomes the
     *     chosen one's
     * @param promptLengths how many of a sequence's tokens are its prompt, 32-bit integers
     * @param tokens receives the step in the upper and the chosen token, or {@link #NO_TOKEN}, in
     *     the lower half of 64 bits, written at once. The history then has token 0 for the latter
     */
    public record Sequences(
            long history, int historyPitch, long positions, long promptLengths, long tokens) {}

    /** Loads the kernel. */
    public TokenChoice(CudaDevice device) {
        kernel = device.kernel("choose_tokens");
        mostColumns = kernel.constant("mostColumns");
    }

    /** Returns how many sequences may be served at once. */
    public int mostColumns() {
        return mostColumns;
    }

    /** Returns whether a sequence's next choice is simply its likeliest token. */
    public static boolean takesLikeliest(Settings settings, int generated) {
        return settings.temperature == 0
                && (float) settings.repetitionPenalty == 1
                && (settings.endOfText < 0 || generated >= settings.minTokens);
    }

    /**
     * Chooses a token for each of some sequences.
     *
     * @param logits F32, of shape [columns, vocabulary] without gaps within a row; faster where
     *     rows begin at multiples of 16 bytes
     * @param best I64 of shape [count, columns] without gaps: candidates as {@code candidate.cuh}
     *     packs them, among which is each column's likeliest token, so that logits are read only
     *     where {@link #takesLikeliest} does not hold; or null
     * @param slots the sequence that each column of logits belongs to, no two the same
     * @throws IllegalArgumentException if there are no or too many columns, or tensors do not fit;
     *     or if repetition is penalised and a block's shared memory does not hold a bit for each
     *     token of the vocabulary
     */
    public void choose(
            CudaStream stream,
            DeviceTensor logits,
            DeviceTensor best,
            int[] slots,
            Sequences sequences,
            int step,
            Settings settings) {
        require(logits, best, slots.length);
        int vocabulary = Math.toIntExact(logits.shape()[1]);
        float penalty = (float) settings.repetitionPenalty;
        float scale = settings.temperature == 0 ? 0 : TokenWeights.scale(settings.temperature);
        Arguments arguments =
                Arguments.start()
                        .pointer(logits.address())
                        .int64(logits.strides()[0])
                        .pointer(best == null ? 0 : best.address())
                        .pointer(sequences.history)
                        .pointer(sequences.positions)
                        .pointer(sequences.promptLengths)
                        .pointer(sequences.tokens)
                        .int64(settings.seed)
                        .float64(settings.topP)
                        .float32(scale)
                        .float32(penalty)
                        .int32(vocabulary)
                        .int32(best == null ? 0 : Math.toIntExact(best.shape()[0]))
                        .int32(sequences.historyPitch)
                        .int32(settings.topK)
                        .int32(settings.minTokens)
                        .int32(settings.endOfText)
                        .int32(step)
                        .int32(slots.length);
        for (int i = 0; i < mostColumns; i++) {
            arguments.int32(i < slots.length ? slots[i] : 0);
        }
        int seenBytes = penalty == 1 ? 0 : (vocabulary + 31) / 32 * Integer.BYTES;
        stream.launch(kernel, slots.length, 1, 1, seenBytes, arguments);
    }

    private void require(DeviceTensor logits, DeviceTensor best, int columns) {
        if (columns < 1 || columns > mostColumns) {
            throw new IllegalArgumentException(
                    "Tokens are chosen for 1 to " + mostColumns + " sequences, not " + columns);
        }
        boolean fit =
                logits.type() == ElementType.F32
                        && logits.rank() == 2
                        && logits.shape()[0] == columns
                        && logits.shape()[1] >= 1
                        && (logits.shape()[1] == 1 || logits.strides()[1] == 1);
        if (!fit) {
            throw new IllegalArgumentException(
                    logits + " are no logits of " + columns + " sequences");
        }
        fit =
                best == null
                        || best.type() == ElementType.I64
                                && best.rank() == 2
                                && best.shape()[1] == columns
                                && best.isDense();
        if (!fit) {
            throw new IllegalArgumentException(
                    best + " are no candidates of " + columns + " sequences");
        }
    }
}
