package org.oktoblas.bench;

import com.google.gson.JsonObject;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The shape of a GPT-2, and the memory that generating with it cannot do without.
 *
 * @param name as the command line and tables have it, {@code gpt2-124m-p4096} say
 * @param layers how many
 * @param width of the hidden states
 * @param heads of each layer
 * @param positions how many tokens fit
 * @param vocabulary how many tokens there are
 */
record ModelShape(String name, int layers, int width, int heads, int positions, int vocabulary) {

    private static final Pattern NAME = Pattern.compile("gpt2-(124m|medium)(?:-p([1-9]\\d{0,5}))?");
    private static final int VOCABULARY = 50257;
    private static final int POSITIONS = 1024;

    /**
     * Finds a shape by its name: {@code gpt2-124m} or {@code gpt2-medium}, with {@code -pN} for
     * other than 1,024 positions.
     */
    static Optional<ModelShape> of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        Matcher matcher = NAME.matcher(lower);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int positions = matcher.group(2) == null ? POSITIONS : Integer.parseInt(matcher.group(2));
        return Optional.of(
                matcher.group(1).equals("124m")
                        ? new ModelShape(lower, 12, 768, 12, positions, VOCABULARY)
                        : new ModelShape(lower, 24, 1024, 16, positions, VOCABULARY));
    }

    /** Returns the configuration, as Hugging Face writes it. */
    JsonObject config() {
        return RandomModel.gpt2(layers, width, heads, positions, vocabulary);
    }

    /** Returns how many numbers the model has; the head is the embedding table once more. */
    long parameters() {
        return stepParameters() + (long) positions * width;
    }

    /** Returns how many of them each step reads: all but the table of positions. */
    private long stepParameters() {
        long square = (long) width * width;
        // Four square matrices of attention and eight of the layers after it; biases and norms.
        return (long) vocabulary * width + layers * (12 * square + 13L * width) + 2L * width;
    }

    /** Returns how many keys and values a batch of rows of some length has. */
    private double cached(int batch, double length) {
        return 2.0 * layers * width * batch * length;
    }

    /**
     * Returns the bytes that must be read for a decoding step in the middle of a generation: the
     * weights once, however many rows share them, and the keys and values of all rows.
     *
     * @param valueBytes the size of a number
     */
    double stepBytes(InferCase task, int valueBytes) {
        double length = task.promptTokens() + task.tokens() / 2.0;
        return valueBytes * (stepParameters() + cached(task.batch(), length));
    }

    /**
     * Returns the bytes of all weights and of all keys and values at the end of a generation.
     *
     * @param valueBytes the size of a number
     */
    double heldBytes(InferCase task, int valueBytes) {
        double length = task.promptTokens() + task.tokens();
        return valueBytes * (parameters() + cached(task.batch(), length));
    }
}
