package org.oktoblas.zoo;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.Score;
import org.oktoblas.gpt2.Gpt2Block;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.okm.Gpt2Config;
import org.oktoblas.okm.OkmFile;

/**
 * An {@code .okm} language model that generates and scores text, on any DJL engine.
 *
 * <pre>{@code
 * try (LanguageModel model = LanguageModel.load("okm://okto-prose", Options.defaults())) {
 *     GenerationConfig config = GenerationConfig.builder().maxTokens(32).build();
 *     System.out.println(model.generate(List.of("It was"), config, NONE).get(0).text());
 * }
 * }</pre>
 *
 * <p>Threads may share it.
 */
public final class LanguageModel implements AutoCloseable {

    /** The engine that runs models unless another is named. */
    public static final String DEFAULT_ENGINE = "OktoBLAS";

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

    private final ZooModel<NDList, NDList> model;
    private final TextModel text;

    private LanguageModel(ZooModel<NDList, NDList> model, TextModel text) {
        this.model = model;
        this.text = text;
    }

    /**
     * Loads a model.
     *
     * @param pathOrUrl the path of an {@code .okm}, a directory or a single file, or an {@code
     *     okm:} URL
     * @throws ModelNotFoundException if there is no such model or engine; it says where it looked
     * @throws ModelException if the model is refused, with the reason
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if the engine cannot run in the precision
     */
    public static LanguageModel load(String pathOrUrl, Options options)
            throws ModelException, IOException {
        String engine = options.engine() == null ? DEFAULT_ENGINE : options.engine();
        if (!Engine.hasEngine(engine)) {
            throw new ModelNotFoundException(
                    "There is no engine "
                            + engine
                            + "; DJL finds "
                            + Engine.getAllEngines().stream().sorted().toList());
        }
        Precision precision = options.precision() == null ? Precision.AUTO : options.precision();
        Criteria<NDList, NDList> criteria =
                Criteria.builder()
                        .setTypes(NDList.class, NDList.class)
                        // DJL splits a list of URLs at commas.
                        .optModelUrls(url(pathOrUrl).toString().replace(",", "%2C"))
                        .optEngine(engine)
                        .optDevice(options.device())
                        .optArgument("precision", precision.toString())
                        .build();
        ZooModel<NDList, NDList> model = criteria.loadModel();
        try {
            if (!(model.getBlock() instanceof Gpt2Block block)) {
                throw new ModelNotFoundException(pathOrUrl + " is not an .okm model");
            }
            ModelTokenizer tokenizer = ModelTokenizer.of(block, model.getNDManager()).orElse(null);
            return new LanguageModel(model, new TextModel(block, tokenizer));
        } catch (ModelException | IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** Turns what a user names into an {@code okm:} URL of a model that is there. */
    private static URI url(String pathOrUrl) throws ModelNotFoundException {
        try {
            if (pathOrUrl.startsWith("okm:")) {
                URI uri = URI.create(pathOrUrl);
                OkmUrl.resolve(uri);
                return uri;
            }
            Path path =
                    pathOrUrl.startsWith("file:")
                            ? OkmUrl.filePath(URI.create(pathOrUrl))
                            : Path.of(pathOrUrl);
            if (!Files.exists(path)) {
                throw new ModelNotFoundException(path + ": no such file or directory");
            }
            if (!OkmFile.matches(path)) {
                throw new ModelNotFoundException(
                        path
                                + " is not an .okm model: neither a directory with config.json and"
                                + " weights.bin, nor a single file made by okto convert");
            }
            String raw = path.toAbsolutePath().toUri().getRawPath();
            return URI.create("okm://" + raw.replaceFirst("/$", ""));
        } catch (IllegalArgumentException e) {
            throw new ModelNotFoundException(e.getMessage(), e);
        }
    }

    /** What the model is built from. */
    public Gpt2Config config() {
        return text.block().config();
    }

    /** The model's tokenizer, which is closed with the model; nothing if it came without. */
    public Optional<ModelTokenizer> tokenizer() {
        return Optional.ofNullable(text.tokenizer());
    }

    /** The model as DJL sees it. */
    public Model model() {
        return model;
    }

    /** The name of the engine that runs it. */
    public String engineName() {
        return model.getNDManager().getEngine().getEngineName();
    }

    /** The device on which it runs. */
    public Device device() {
        return model.getNDManager().getDevice();
    }

    /** The arithmetic in which it runs: fp32, fp16 or bf16. */
    public String precision() {
        return text.block().precision().toString();
    }

    /**
     * Continues texts, as one batch.
     *
     * @param prompts of any lengths within the model's context; an empty one starts from the
     *     begin-of-text token
     * @param listener hears of every token
     * @return a result for each prompt, in their order
     * @throws IllegalArgumentException if a prompt is longer than the context
     * @throws IllegalStateException if the model has no tokenizer
     */
    public List<GenerationResult> generate(
            List<String> prompts, GenerationConfig config, GenerationListener listener) {
        return text.generate(model.getNDManager(), prompts, config, listener);
    }

    /** As {@link #generate}, from token ids. */
    public List<GenerationResult> generateIds(
            List<long[]> prompts, GenerationConfig config, GenerationListener listener) {
        try (Generation generation = text.start(model.getNDManager(), prompts, config)) {
            return generation.finish(listener);
        }
    }

    /**
     * Scores a text.
     *
     * @throws IllegalStateException if the model has no tokenizer
     */
    public Score score(String text) {
        return score(this.text.encode(text));
    }

    /**
     * Sums the negative log-likelihood of every token but the first. A text longer than the context
     * is read in windows as long as the context, each half a context after the one before: every
     * token is then predicted once, from all that went before it in its text or from at least half
     * a context of it.
     */
    public Score score(long[] ids) {
        int context = config().contextLength();
        int stride = Math.max(1, context / 2);
        double sum = 0;
        int scored = 1;
        try (NDManager manager = model.getNDManager().newSubManager()) {
            for (int start = 0; scored < ids.length; start += stride) {
                int end = Math.min(ids.length, start + context);
                long[] window = Arrays.copyOfRange(ids, start, end);
                sum += text.block().negativeLogLikelihood(manager, window, scored - start);
                scored = end;
            }
        }
        return new Score(Math.max(0, ids.length - 1), sum);
    }

    /** Frees the model and its tokenizer. */
    @Override
    public void close() {
        model.close();
    }
}
