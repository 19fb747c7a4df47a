package org.oktoblas.bench.gpu;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonSyntaxException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * PyTorch in a process of its own: a Python script that answers one JSON request a line. It works
 * only while a request is open.
 */
final class PeerProcess implements Contender {

    private static final String SCRIPT = "torch_peer.py";
    private static final int START_SECONDS = 180;
    private static final int ANSWER_SECONDS = 120;

    private final Gson gson = new Gson();
    private final Process process;
    private final BufferedReader answers;
    private final Writer requests;
    private final String name;
    private final ScheduledExecutorService watch =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "okto-peer-watch");
                        thread.setDaemon(true);
                        return thread;
                    });

    private PeerProcess(Process process) throws IOException {
        this.process = process;
        answers = process.inputReader(StandardCharsets.UTF_8);
        requests = process.outputWriter(StandardCharsets.UTF_8);
        try {
            name = answer(START_SECONDS).get("name").getAsString();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts PyTorch.
     *
     * @param python the interpreter, a name or a path
     * @throws IOException if there is none or it has no PyTorch that sees a GPU, saying which
     */
    static PeerProcess open(String python) throws IOException {
        Path script = Files.createTempFile("okto-peer", ".py");
        try {
            try (InputStream in = PeerProcess.class.getResourceAsStream(SCRIPT)) {
                Files.copy(in, script, StandardCopyOption.REPLACE_EXISTING);
            }
            return open(List.of(python, "-u", script.toString()));
        } finally {
            // Who has answered has read it.
            Files.deleteIfExists(script);
        }
    }

    /** Starts any command that answers as the script does. */
    static PeerProcess open(List<String> command) throws IOException {
        return new PeerProcess(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /** Returns what answers, with its version. */
    String name() {
        return name;
    }

    @Override
    public Optional<Timed> prepare(KernelCase task, int sets) throws IOException {
        JsonObject request = new JsonObject();
        request.addProperty("do", "prepare");
        request.addProperty("op", task.op());
        request.addProperty("format", task.format().toString());
        request.add("dims", gson.toJsonTree(task.dims()));
        request.addProperty("way", task.way().name().toLowerCase(Locale.ROOT));
        request.addProperty("sets", sets);
        JsonObject answer = ask(request);
        String label = "%s %s, %s".formatted(name, text(answer, "label"), way(task));
        return Optional.of(
                new Timed() {
                    @Override
                    public String name() {
                        return label;
                    }

                    @Override
                    public double microseconds() throws IOException {
                        return ask(command("round")).get("microseconds").getAsDouble();
                    }

                    @Override
                    public void close() {
                        try {
                            ask(command("release"));
                        } catch (IOException e) {
                            // The next request finds the process gone and says so.
                            process.destroyForcibly();
                        }
                    }
                });
    }

    private static String way(KernelCase task) {
        return switch (task.way()) {
            case GRAPH -> "graph";
            case EAGER -> "eager";
            case HOST -> "host time";
        };
    }

    private static JsonObject command(String name) {
        JsonObject request = new JsonObject();
        request.addProperty("do", name);
        return request;
    }

    private JsonObject ask(JsonObject request) throws IOException {
        try {
            requests.write(gson.toJson(request) + "\n");
            requests.flush();
        } catch (IOException e) {
            throw new IOException(process.info().command().orElse("the peer") + " has ended", e);
        }
        JsonObject answer = answer(ANSWER_SECONDS);
        if (answer.has("failed")) {
            throw new CaseFailedException(text(answer, "failed"));
        }
        return answer;
    }

    private JsonObject answer(int seconds) throws IOException {
        ScheduledFuture<?> alarm =
                watch.schedule(process::destroyForcibly, seconds, TimeUnit.SECONDS);
        String line = answers.readLine();
        boolean late = !alarm.cancel(false);
        if (line == null) {
            throw new IOException(
                    late
                            ? "it gave no answer within %d seconds".formatted(seconds)
                            : "it ended without an answer");
        }
        JsonObject answer;
        try {
            answer = gson.fromJson(line, JsonObject.class);
        } catch (JsonSyntaxException e) {
            throw new IOException("it answered \"" + line + "\"", e);
        }
        if (answer.has("error")) {
            throw new IOException(text(answer, "error"));
        }
        return answer;
    }

    private static String text(JsonObject json, String key) {
        return json.get(key).getAsString();
    }

    @Override
    public void close() {
        watch.shutdownNow();
        try (requests;
                answers) {
            requests.close();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
