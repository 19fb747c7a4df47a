package org.oktoblas.bench;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** PyTorch's GPT-2 with random weights, in a process of its own. */
final class TorchPeer implements Contestant {

    /** How PyTorch generates. */
    enum Mode {
        /** Hugging Face's generate, step by step from the host. */
        GENERATE,
        /** A step with keys and values in place, by torch.compile. */
        COMPILE;

        @Override
        public String toString() {
            return this == GENERATE ? "Hugging Face generate" : "torch.compile";
        }

        private String argument() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final String SCRIPT = "torch_infer_peer.py";

    /** The first run of a case may compile for a minute or more. */
    private static final int ANSWER_SECONDS = 150;

    private final Gson gson = new Gson();
    private final Mode mode;
    private final ScriptPeer script;
    private ModelShape shape;

    private TorchPeer(Mode mode, ScriptPeer script) {
        this.mode = mode;
        this.script = script;
    }

    /**
     * Starts PyTorch.
     *
     * @param python the interpreter, a name or a path
     * @param gpu the GPU's number
     * @throws IOException if there is no such interpreter, or it lacks a package or a GPU, saying
     *     which
     */
    static TorchPeer open(String python, Mode mode, int gpu) throws IOException {
        return new TorchPeer(
                mode,
                ScriptPeer.open(
                        python, TorchPeer.class, SCRIPT, mode.argument(), Integer.toString(gpu)));
    }

    /** Starts any command that answers as the script does. */
    static TorchPeer open(Mode mode, List<String> command) throws IOException {
        return new TorchPeer(mode, ScriptPeer.open(command));
    }

    /**
     * Starts PyTorch afresh and lets it load a model and generate one token.
     *
     * @param directory where {@link #save} left the model
     * @return seconds from before the process is started to its answer
     * @throws IOException if it fails, saying why
     */
    static double coldSeconds(String python, int gpu, Path directory) throws IOException {
        long start = System.nanoTime();
        ScriptPeer cold =
                ScriptPeer.open(
                        python,
                        TorchPeer.class,
                        SCRIPT,
                        "cold",
                        Integer.toString(gpu),
                        directory.toString());
        double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
        cold.close();
        return seconds;
    }

    /** Returns what answers, with its version. */
    String name() {
        return script.name();
    }

    Mode mode() {
        return mode;
    }

    /** Returns whether it takes part in a case. */
    boolean takes(InferPlan.Item item) {
        return mode == Mode.GENERATE || item.compiled();
    }

    /** Makes a model of this shape, in place of the one before. */
    void load(ModelShape newShape) throws IOException {
        JsonObject request = command("load");
        request.addProperty("layers", newShape.layers());
        request.addProperty("width", newShape.width());
        request.addProperty("heads", newShape.heads());
        request.addProperty("positions", newShape.positions());
        request.addProperty("vocabulary", newShape.vocabulary());
        script.ask(request, ANSWER_SECONDS);
        shape = newShape;
    }

    /**
     * Generates with the model loaded last.
     *
     * @throws PeerFailedException if it could not
     */
    @Override
    public Sample run(InferCase task) throws IOException {
        JsonObject request = command("run");
        request.add("prompts", gson.toJsonTree(task.prompts(shape.vocabulary())));
        request.addProperty("tokens", task.tokens());
        JsonObject answer = script.ask(request, ANSWER_SECONDS);
        long[][] ids = gson.fromJson(answer.get("ids"), long[][].class);
        for (long[] row : ids) {
            if (row.length != task.tokens()) {
                throw new PeerFailedException(
                        "%d tokens instead of %d".formatted(row.length, task.tokens()));
            }
        }
        return new Sample(
                answer.get("first_ms").getAsDouble(),
                answer.get("total_ms").getAsDouble(),
                ids,
                answer.get("peak_bytes").getAsDouble() / 1e6);
    }

    /**
     * Saves the model loaded last as its users do.
     *
     * @param directory where; made if missing
     */
    void save(Path directory) throws IOException {
        JsonObject request = command("save");
        request.addProperty("directory", directory.toString());
        script.ask(request, ANSWER_SECONDS);
    }

    /** Copies 1 GiB within the device and returns bytes a second, read plus written. */
    double copyBandwidth() throws IOException {
        return script.ask(command("copy"), ANSWER_SECONDS).get("bytes_per_second").getAsDouble();
    }

    private static JsonObject command(String name) {
        JsonObject request = new JsonObject();
        request.addProperty("do", name);
        return request;
    }

    @Override
    public void close() {
        script.close();
    }
}
