package org.oktoblas.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class GenerationConfigTest {

    private static void refused(String name, Consumer<GenerationConfig.Builder> change) {
        GenerationConfig.Builder builder = GenerationConfig.builder();
        change.accept(builder);
        String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
        assertTrue(message.startsWith(name + " is "), message);
    }

    @Test
    void valuesOutOfRangeAreNamed() {
        refused("maxTokens", config -> config.maxTokens(0));
        refused("minTokens", config -> config.minTokens(-1));
        refused("minTokens", config -> config.minTokens(65));
        refused("temperature", config -> config.temperature(-0.1));
        refused("temperature", config -> config.temperature(Double.NaN));
        refused("temperature", config -> config.temperature(Double.POSITIVE_INFINITY));
        refused("topK", config -> config.topK(-1));
        refused("topP", config -> config.topP(0));
        refused("topP", config -> config.topP(1.1));
        refused("topP", config -> config.topP(Double.NaN));
        refused("repetitionPenalty", config -> config.repetitionPenalty(0));
        refused("repetitionPenalty", config -> config.repetitionPenalty(Double.NaN));
    }

    @Test
    void aBuilderStartsFromAConfig() {
        GenerationConfig config = new GenerationConfig(9, 2, 0.5, 3, 0.7, 1.2, 77, false);
        assertEquals(config, config.toBuilder().build());
        assertEquals(
                new GenerationConfig(64, 0, 0, 0, 1, 1, 0, true),
                GenerationConfig.builder().build());
    }

    @Test
    void perplexityIsTheExponentOfTheMean() {
        assertEquals(Math.exp(2), new Score(3, 6).perplexity(), 1e-12);
        assertTrue(Double.isNaN(new Score(0, 0).perplexity()));
    }
}
