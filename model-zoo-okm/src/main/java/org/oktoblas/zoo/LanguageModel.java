package org.oktoblas.zoo;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.Score;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.okm.Gpt2Config;

/** A language model that generates and scores text, on any DJL engine. */
public final class LanguageModel implements AutoCloseable {

    /**
     * Where and how a model runs.
     *
     * @param engine the DJL engine's name; null for OktoBLAS
     * @param device the device; null for the engine's own choice
     * @param precision the arithmetic; null for {@link Precision#AUTO}
     */
    public record Options(String engine, Device device, Precision precision) {

        /** OktoBLAS, its own device, its own precision. */
        public static Options defaults() {
            return new Options(null, null, null);
        }
    }

    private LanguageModel() {}

    public static LanguageModel load(String pathOrUrl, Options options)
            throws ModelException, IOException {
        throw new UnsupportedOperationException("lands next");
    }

    public Gpt2Config config() {
        throw new UnsupportedOperationException("lands next");
    }

    public Optional<HuggingFaceTokenizer> tokenizer() {
        throw new UnsupportedOperationException("lands next");
    }

    public Model model() {
        throw new UnsupportedOperationException("lands next");
    }

    public String engineName() {
        throw new UnsupportedOperationException("lands next");
    }

    public Device device() {
        throw new UnsupportedOperationException("lands next");
    }

    public String precision() {
        throw new UnsupportedOperationException("lands next");
    }

    public List<GenerationResult> generate(
            List<String> prompts, GenerationConfig config, GenerationListener listener) {
        throw new UnsupportedOperationException("lands next");
    }

    public List<GenerationResult> generateIds(
            List<long[]> prompts, GenerationConfig config, GenerationListener listener) {
        throw new UnsupportedOperationException("lands next");
    }

    public Score score(String text) {
        throw new UnsupportedOperationException("lands next");
    }

    public Score score(long[] ids) {
        throw new UnsupportedOperationException("lands next");
    }

    @Override
    public void close() {}
}
