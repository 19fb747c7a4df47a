package org.oktoblas.zoo;

import java.util.Locale;
import java.util.Map;
import org.oktoblas.generate.GenerationConfig;

/**
 * Reads a {@link GenerationConfig} from names and values, as Criteria arguments and requests give
 * them. Names may be spelled {@code maxTokens}, {@code max_tokens} or {@code max-tokens}; {@code
 * max_new_tokens} and {@code min_new_tokens} mean the same, and {@code do_sample=false} means
 * temperature 0. Values may be strings.
 */
final class GenerationSettings {

    private GenerationSettings() {}

    /**
     * Returns the base with what is given changed.
     *
     * @param strict whether a name that is no setting is refused rather than skipped
     * @throws IllegalArgumentException if a value is of the wrong type or out of range
     */
    static GenerationConfig read(Map<String, ?> given, GenerationConfig base, boolean strict) {
        GenerationConfig.Builder builder = base.toBuilder();
        boolean sample = true;
        for (Map.Entry<String, ?> entry : given.entrySet()) {
            String name = entry.getKey();
            Object value = entry.getValue();
            switch (name.replaceAll("[-_]", "").toLowerCase(Locale.ROOT)) {
                case "maxtokens", "maxnewtokens" -> builder.maxTokens(integer(name, value));
                case "mintokens", "minnewtokens" -> builder.minTokens(integer(name, value));
                case "temperature" -> builder.temperature(number(name, value));
                case "topk" -> builder.topK(integer(name, value));
                case "topp" -> builder.topP(number(name, value));
                case "repetitionpenalty" -> builder.repetitionPenalty(number(name, value));
                case "seed" -> builder.seed(whole(name, value));
                case "stopatendoftext" -> builder.stopAtEndOfText(truth(name, value));
                case "dosample" -> sample = truth(name, value);
                default -> {
                    if (strict) {
                        throw new IllegalArgumentException(
                                "Unknown generation parameter \""
                                        + name
                                        + "\"; there are max_tokens, min_tokens, temperature,"
                                        + " top_k, top_p, repetition_penalty, seed,"
                                        + " stop_at_end_of_text and do_sample");
                    }
                }
            }
        }
        return (sample ? builder : builder.temperature(0)).build();
    }

    private static double number(String name, Object value) {
        try {
            return Double.parseDouble(value.toString());
        } catch (NumberFormatException e) {
            throw wrong(name, value, "a number");
        }
    }

    private static long whole(String name, Object value) {
        try {
            // Long first: a double cannot hold every seed. JSON's 5.0 is a whole number too.
            return Long.parseLong(value.toString());
        } catch (NumberFormatException e) {
            double number = number(name, value);
            if (number != Math.rint(number) || Math.abs(number) > 1L << 53) {
                throw wrong(name, value, "a whole number");
            }
            return (long) number;
        }
    }

    private static int integer(String name, Object value) {
        long whole = whole(name, value);
        if (whole != (int) whole) {
            throw wrong(name, value, "a smaller number");
        }
        return (int) whole;
    }

    private static boolean truth(String name, Object value) {
        return switch (value.toString()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(name, value, "true or false");
        };
    }

    private static IllegalArgumentException wrong(String name, Object value, String expected) {
        return new IllegalArgumentException(
                name + " is \"" + value + "\", but must be " + expected);
    }
}
