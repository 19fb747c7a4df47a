package org.oktoblas.zoo;

import ai.djl.inference.streaming.StreamingTranslator;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import java.util.List;
import java.util.stream.Stream;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;

/**
 * A prompt to the text that follows it.
 *
 * <p>Generating takes many passes through the block, DJL's predictor makes one. So this gives the
 * predictor nothing to feed (which it then does not), and runs the passes when it is asked for the
 * output.
 */
final class TextTranslator
        implements NoBatchifyTranslator<String, String>, StreamingTranslator<String, String> {

    private static final String PROMPT = "prompt";

    private final TextModel model;
    private final GenerationConfig config;

    TextTranslator(TextModel model, GenerationConfig config) {
        this.model = model;
        this.config = config;
    }

    @Override
    public NDList processInput(TranslatorContext ctx, String prompt) {
        ctx.setAttachment(PROMPT, prompt);
        return new NDList();
    }

    @Override
    public String processOutput(TranslatorContext ctx, NDList nothing) {
        String prompt = (String) ctx.getAttachment(PROMPT);
        return model.generate(ctx.getNDManager(), List.of(prompt), config, GenerationListener.NONE)
                .get(0)
                .text();
    }

    @Override
    public StreamOutput<String> processStreamOutput(TranslatorContext ctx, Stream<NDList> nothing) {
        long[] prompt = model.encode((String) ctx.getAttachment(PROMPT));
        Generation generation = model.start(ctx.getNDManager(), List.of(prompt), config);
        // Closing DJL's stream closes the context.
        return new TextStream(generation, nothing::close);
    }

    @Override
    public Support getSupport() {
        return Support.ITERATIVE;
    }
}
