package org.oktoblas.bench;

import ai.djl.Device;
import ai.djl.ModelException;
import com.google.gson.Gson;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.oktoblas.engine.OktoEngine;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;

/**
 * How long it takes from the start of a Java machine to a model's first token: what {@code okto
 * infer} does with a short prompt, but from token ids, for random models have no tokenizer.
 */
final class ColdStart {

    /** The prompt: five tokens, as everywhere else. */
    static final InferCase TASK = new InferCase(1, 5, 2);

    private ColdStart() {}

    /**
     * Starts a process and waits for its first token.
     *
     * @param model the model's path
     * @return seconds from before the process is started to its answer
     * @throws IOException if it fails, saying why
     */
    static double seconds(String model, Device device, Precision precision, int threads)
            throws IOException {
        List<String> arguments =
                List.of(
                        model,
                        device.getDeviceType() + (device.isGpu() ? device.getDeviceId() : ""),
                        precision.toString());
        long start = System.nanoTime();
        Contestant process =
                ForkedContestant.open("a cold start", ColdStart.class, threads, arguments);
        double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
        process.close();
        return seconds;
    }

    /**
     * Entry point of the process, which answers after the first token as an {@link InferWorker}
     * does when it is ready.
     *
     * @param args model, device and precision
     */
    public static void main(String[] args) {
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        LanguageModel.Options options =
                new LanguageModel.Options(
                        OktoEngine.ENGINE_NAME,
                        Device.fromName(args[1], OktoEngine.get()),
                        Precision.parse(args[2]));
        GenerationConfig config = GenerationConfig.builder().maxTokens(1).build();
        String error = null;
        try (LanguageModel model = LanguageModel.load(args[0], options)) {
            model.generateIds(
                    TASK.prompts(model.config().vocabSize()),
                    config,
                    (row, token, text) -> {
                        out.println(new Gson().toJson(new InferWorker.Answer(null, null)));
                        return true;
                    });
        } catch (ModelException
                | IOException
                | RuntimeException
                | LinkageError
                | OutOfMemoryError e) {
            error = e.toString();
        }
        if (error != null) {
            out.println(new Gson().toJson(new InferWorker.Answer(null, error)));
        }
        System.exit(0);
    }
}
