package org.oktoblas.bench;

import ai.djl.Device;
import ai.djl.ModelException;
import ai.djl.engine.Engine;
import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.oktoblas.engine.OktoEngine;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;

/**
 * The process in which one engine is measured: reads one {@link InferCase} a line from standard
 * input and answers each with one {@link Sample}, both as JSON. Each engine has a process of its
 * own because two OpenMP runtimes in one would disturb each other, and one's settings would hold
 * for the other.
 */
final class InferWorker implements Contestant {

    /** What a worker answers. */
    record Answer(Sample sample, String error) {}

    private final LanguageModel model;

    private InferWorker(LanguageModel model) {
        this.model = model;
    }

    /**
     * Entry point of the process.
     *
     * @param args model, engine, precision and, unless it is the engine's own choice, device
     */
    public static void main(String[] args) throws IOException {
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Gson gson = new Gson();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Device device =
                args.length > 3 ? Device.fromName(args[3], Engine.getEngine(args[1])) : null;
        try (Contestant worker = open(args[0], args[1], device, Precision.parse(args[2]))) {
            out.println(gson.toJson(new Answer(null, null)));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Sample sample = worker.run(gson.fromJson(line, InferCase.class));
                out.println(gson.toJson(new Answer(sample, null)));
            }
        } catch (ModelException
                | IOException
                | RuntimeException
                | LinkageError
                | OutOfMemoryError e) {
            out.println(gson.toJson(new Answer(null, e.toString())));
        }
        // Native thread pools need not keep the process alive.
        System.exit(0);
    }

    /** Loads a model in this process. */
    private static Contestant open(String model, String engine, Device device, Precision precision)
            throws ModelException, IOException {
        return new InferWorker(
                LanguageModel.load(model, new LanguageModel.Options(engine, device, precision)));
    }

    @Override
    public Sample run(InferCase task) {
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(task.tokens()).stopAtEndOfText(false).build();
        List<long[]> prompts = task.prompts(model.config().vocabSize());
        long[] firstTimes = new long[task.batch()];
        // From the call on: what comes before the prompt is read counts too.
        long start = System.nanoTime();
        List<GenerationResult> results =
                model.generateIds(
                        prompts,
                        config,
                        (row, token, text) -> {
                            if (firstTimes[row] == 0) {
                                firstTimes[row] = System.nanoTime();
                            }
                            return true;
                        });
        long end = System.nanoTime();
        long[][] ids = new long[results.size()][];
        for (int i = 0; i < ids.length; i++) {
            GenerationResult result = results.get(i);
            ids[i] = result.tokenIds();
            if (ids[i].length != task.tokens()) {
                throw new IllegalStateException(
                        "%d tokens instead of %d: %s"
                                .formatted(ids[i].length, task.tokens(), result.stopReason()));
            }
        }
        long first = LongStream.of(firstTimes).map(time -> time - start).max().orElse(0);
        return new Sample(first / 1e6, (end - start) / 1e6, ids, peakMemoryMb());
    }

    /** The most that the engine held on its GPU, or else what this process held resident. */
    private double peakMemoryMb() {
        if (model.device().isGpu() && model.engineName().equals(OktoEngine.ENGINE_NAME)) {
            return OktoEngine.get().memoryUse(model.device()).peak() / 1e6;
        }
        return residentPeakMb();
    }

    /** Linux keeps the high-water mark of resident memory; elsewhere it is not known. */
    private static double residentPeakMb() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1000)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
