package org.oktoblas.kernels;

import java.util.Arrays;
import org.oktoblas.cuda.CudaStream;

/** Takes the sequences of a session further, as many columns a launch as there are kernels for. */
final class Gpt2Stepper {

    private final CudaStream stream;
    private final Gpt2Steps steps;
    private final Gpt2Weights weights;
    private final Gpt2Sequences sequences;
    private final Gpt2Activations activations;
    private final Gpt2Logits logits;
    private boolean broken;

    /** What comes after each launch of a step. */
    interface Then {

        /**
         * Is called after a launch.
         *
         * @param first of the launch's columns
         * @param slots the sequences of its columns
         */
        void launched(int first, int[] slots);
    }

    Gpt2Stepper(
            CudaStream stream,
            Gpt2Steps steps,
            Gpt2Weights weights,
            Gpt2Sequences sequences,
            Gpt2Activations activations,
            Gpt2Logits logits) {
        this.stream = stream;
        this.steps = steps;
        this.weights = weights;
        this.sequences = sequences;
        this.activations = activations;
        this.logits = logits;
    }

    /** Writes keys and values of given tokens, those of a sequence in ascending order. */
    void fill(int[] slots, int[] positions) {
        weights.memory().readOn(stream);
        for (int first = 0; first < slots.length; first += steps.mostColumns()) {
            int count = Math.min(steps.mostColumns(), slots.length - first);
            launch(Gpt2Logits.none(), Gpt2Structs.Likeliest.NONE, slots, positions, first, count);
        }
    }

    /** Returns whether a step of some sequences can append the likeliest token itself. */
    boolean takesLikeliest(int[] rows) {
        return steps.takesLikeliest(rows.length);
    }

    /**
     * Computes the logits after the newest tokens of some sequences; the stream's lock is held.
     *
     * @param likeliest none where {@link #takesLikeliest} does not hold
     * @throws org.oktoblas.cuda.CudaOutOfMemoryException if the cache cannot grow; nothing has
     *     happened then
     * @throws IllegalStateException if an earlier step failed halfway
     */
    void step(int[] rows, Gpt2Structs.Likeliest likeliest, Then then) {
        if (broken) {
            throw new IllegalStateException(
                    "An earlier step of this session failed halfway; close it and start another.");
        }
        sequences.requireCache(rows);
        broken = true;
        weights.memory().readOn(stream);
        int[] newest = new int[rows.length];
        Arrays.fill(newest, -1);
        for (int first = 0; first < rows.length; first += steps.mostColumns()) {
            int count = Math.min(steps.mostColumns(), rows.length - first);
            launch(logits.results(first), likeliest, rows, newest, first, count);
            then.launched(first, Arrays.copyOfRange(rows, first, first + count));
        }
        broken = false;
    }

    private void launch(
            Gpt2Structs.Results results,
            Gpt2Structs.Likeliest likeliest,
            int[] slots,
            int[] positions,
            int first,
            int count) {
        steps.launch(
                stream,
                weights.addresses(),
                sequences.addresses(),
                activations,
                results,
                likeliest,
                slots,
                positions,
                first,
                count);
    }
}
