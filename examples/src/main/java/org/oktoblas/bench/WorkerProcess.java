package org.oktoblas.bench;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Java machine of its own, started with this one's settings, that answers each line it reads with
 * one line, both JSON.
 */
public final class WorkerProcess implements Closeable {

    private final Gson gson = new Gson();
    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;

    private WorkerProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        answers = process.inputReader(StandardCharsets.UTF_8);
        questions = process.outputWriter(StandardCharsets.UTF_8);
    }

    /**
     * Starts a process.
     *
     * @param name what it is called where it fails
     * @param main has its entry point
     * @param threads how many each engine uses
     * @param options of the Java machine, which this one's own override
     * @param arguments of the entry point
     */
    public static WorkerProcess start(
            String name, Class<?> main, int threads, List<String> options, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        // The same number of threads for everybody.
        command.add("-Dai.djl.oktoblas.num_threads=" + threads);
        command.add("-Dai.djl.pytorch.num_threads=" + threads);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        return new WorkerProcess(
                name,
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /**
     * Sends a question.
     *
     * @param question what is written as JSON
     * @param type of the answer
     * @throws IOException if the process has ended
     */
    public <T> T ask(Object question, Class<T> type) throws IOException {
        questions.write(gson.toJson(question) + "\n");
        questions.flush();
        return answer(type);
    }

    /**
     * Waits for an answer; the first one comes unasked.
     *
     * @throws IOException if the process has ended
     */
    public <T> T answer(Class<T> type) throws IOException {
        String line = answers.readLine();
        // The Java machine itself may have something to say first.
        while (line != null && !line.startsWith("{")) {
            line = answers.readLine();
        }
        if (line == null) {
            throw new IOException(name + " ended before it answered");
        }
        return gson.fromJson(line, type);
    }

    @Override
    public void close() {
        Processes.end(process, questions);
    }
}
