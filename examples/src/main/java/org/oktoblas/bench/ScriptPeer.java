package org.oktoblas.bench;

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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A Python script in a process of its own. It says its name first, {@code {"name": …}}, and then
 * answers one JSON request a line; it works only while a request is open.
 */
public final class ScriptPeer implements AutoCloseable {

    private static final int START_SECONDS = 180;

    private final Gson gson = new Gson();
    private final Path file;
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

    private ScriptPeer(List<String> command, Path file) throws IOException {
        this.file = file;
        process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
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
     * Starts a script and waits until it has said its name.
     *
     * @param python the interpreter, a name or a path
     * @param beside the class whose package has the script as a resource
     * @param script the resource's name
     * @param arguments for the script
     * @throws IOException if there is no such interpreter or the script cannot work, saying why
     */
    public static ScriptPeer open(
            String python, Class<?> beside, String script, String... arguments) throws IOException {
        Path file = Files.createTempFile("okto-peer", ".py");
        // It stays until the process has ended: torch.compile may look at the source again.
        file.toFile().deleteOnExit();
        try (InputStream in = beside.getResourceAsStream(script)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        List<String> command = new ArrayList<>(List.of(python, "-u", file.toString()));
        command.addAll(List.of(arguments));
        return new ScriptPeer(command, file);
    }

    /**
     * Starts any command that answers as a script does.
     *
     * @throws IOException if it does not start, or says why it cannot work
     */
    public static ScriptPeer open(List<String> command) throws IOException {
        return new ScriptPeer(command, null);
    }

    /** Returns what answers, with its version. */
    public String name() {
        return name;
    }

    /**
     * Asks and waits for the answer.
     *
     * @param request what to do
     * @param seconds how long it may take; a process that needs longer is ended
     * @throws PeerFailedException if this could not be done, saying why
     * @throws IOException if the process has ended or makes no sense
     */
    public JsonObject ask(JsonObject request, int seconds) throws IOException {
        try {
            requests.write(gson.toJson(request) + "\n");
            requests.flush();
        } catch (IOException e) {
            throw new IOException(process.info().command().orElse("the peer") + " has ended", e);
        }
        JsonObject answer = answer(seconds);
        if (answer.has("failed")) {
            throw new PeerFailedException(answer.get("failed").getAsString());
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
            throw new IOException(answer.get("error").getAsString());
        }
        return answer;
    }

    /** Ends the process without waiting for it; the next request finds it gone. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Lets the process end, or ends it after 10 seconds. */
    @Override
    public void close() {
        watch.shutdownNow();
        try (answers) {
            Processes.end(process, requests);
        } catch (IOException e) {
            process.destroyForcibly();
        }
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // It goes when this Java machine does.
        }
    }
}
