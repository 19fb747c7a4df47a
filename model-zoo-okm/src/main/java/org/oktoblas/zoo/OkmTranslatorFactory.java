package org.oktoblas.zoo;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.gpt2.Gpt2Block;

/**
 * Makes the translators of an {@code .okm} model:
 *
 * <ul>
 *   <li>{@code NDList → NDList} and {@code NDList → CausalLMOutput}: the arrays of {@link
 *       Gpt2Block}
 *   <li>{@code String → String}: the text that follows the prompt, greedy unless the arguments tell
 *       otherwise; {@code streamingPredict} gives a {@link TextStream}
 *   <li>{@code Input → Output}: for DJL Serving, text or JSON, streamed too
 * </ul>
 *
 * <p>The arguments {@code maxTokens}, {@code minTokens}, {@code temperature}, {@code topK}, {@code
 * topP}, {@code repetitionPenalty}, {@code seed} and {@code stopAtEndOfText} set what {@link
 * GenerationConfig} describes. Threads may share a translator.
 */
public final class OkmTranslatorFactory implements TranslatorFactory {

    /** DJL makes this by its class's name. */
    public OkmTranslatorFactory() {}

    @Override
    public Set<Pair<Type, Type>> getSupportedTypes() {
        return Set.of(
                new Pair<>(NDList.class, NDList.class),
                new Pair<>(NDList.class, CausalLMOutput.class),
                new Pair<>(String.class, String.class),
                new Pair<>(Input.class, Output.class));
    }

    /**
     * Makes a translator.
     *
     * @throws TranslateException if the model is no {@code .okm}, its tokenizer is damaged, or text
     *     is asked of one without
     */
    @Override
    @SuppressWarnings("unchecked")
    public <I, O> Translator<I, O> newInstance(
            Class<I> input, Class<O> output, Model model, Map<String, ?> arguments)
            throws TranslateException {
        if (!isSupported(input, output)) {
            throw new TranslateException(
                    "No translator from " + input.getName() + " to " + output.getName());
        }
        return (Translator<I, O>) translator(input, output, model, arguments);
    }

    private static Translator<?, ?> translator(
            Class<?> input, Class<?> output, Model model, Map<String, ?> arguments)
            throws TranslateException {
        if (output == NDList.class) {
            return new NoopTranslator();
        }
        if (output == CausalLMOutput.class) {
            return new CausalLmTranslator();
        }
        if (!(model.getBlock() instanceof Gpt2Block block)) {
            throw new TranslateException("Model " + model.getName() + " is not an .okm");
        }
        GenerationConfig config = config(arguments);
        TextModel text;
        try {
            text =
                    new TextModel(
                            block, ModelTokenizer.of(block, model.getNDManager()).orElse(null));
        } catch (MalformedModelException e) {
            throw new TranslateException(e.getMessage(), e);
        } catch (IOException e) {
            throw new TranslateException("Cannot read the model's tokenizer", e);
        }
        if (input == Input.class) {
            return new ServingTranslator(text, config);
        }
        if (text.tokenizer() == null) {
            throw new TranslateException(
                    "Model "
                            + model.getName()
                            + " has no tokenizer, so it takes token ids (NDList), not text");
        }
        return new TextTranslator(text, config);
    }

    private static GenerationConfig config(Map<String, ?> arguments) throws TranslateException {
        try {
            return GenerationSettings.read(arguments, GenerationConfig.builder().build(), false);
        } catch (IllegalArgumentException e) {
            throw new TranslateException(e.getMessage(), e);
        }
    }
}
