package org.oktoblas.zoo;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.gpt2.Gpt2Block;

/**
 * A block and its tokenizer.
 *
 * @param tokenizer null if the model came without
 */
record TextModel(Gpt2Block block, ModelTokenizer tokenizer) {

    /** Text to token ids. */
    long[] encode(String text) {
        if (tokenizer == null) {
            throw new IllegalStateException(
                    "This model has no tokenizer: it takes token ids, not text");
        }
        return tokenizer.encode(text);
    }

    /** Starts to continue prompts; the caller closes it. */
    Generation start(NDManager manager, List<long[]> prompts, GenerationConfig config) {
        Function<long[], String> decoder = tokenizer == null ? null : tokenizer::decode;
        return new Generation(block.newSession(manager), prompts, config, decoder);
    }

    /** Continues prompts to their ends. */
    List<GenerationResult> generate(
            NDManager manager,
            List<String> prompts,
            GenerationConfig config,
            GenerationListener listener) {
        List<long[]> ids = prompts.stream().map(this::encode).toList();
        try (Generation generation = start(manager, ids, config)) {
            List<GenerationResult> results = generation.finish(listener);
            List<GenerationResult> named = new ArrayList<>();
            for (int i = 0; i < prompts.size(); i++) {
                named.add(results.get(i).withPrompt(prompts.get(i)));
            }
            return named;
        }
    }
}
