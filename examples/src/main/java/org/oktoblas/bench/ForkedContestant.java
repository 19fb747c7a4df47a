package org.oktoblas.bench;

import ai.djl.Device;
import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.gpt2.Precision;

/** A contestant in a Java machine of its own, started with this one's settings. */
final class ForkedContestant implements Contestant {

    private final Gson gson = new Gson();
    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;

    private ForkedContestant(String name, Process process) {
        this.name = name;
        this.process = process;
        answers = process.inputReader(StandardCharsets.UTF_8);
        questions = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts an {@link InferWorker} and waits until its model is loaded. */
    static Contestant open(
            String model, String engine, Device device, Precision precision, int threads)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(model, engine, precision.toString()));
        if (device != null) {
            arguments.add(device.getDeviceType() + (device.isGpu() ? device.getDeviceId() : ""));
        }
        return open(engine + " " + precision, InferWorker.class, threads, arguments);
    }

    /**
     * Starts a process and waits for its first answer.
     *
     * @param name what it is called where it fails
     * @param main has its entry point, and answers as an {@link InferWorker} does
     * @param threads how many each engine uses
     * @param arguments of the entry point
     * @throws IOException if the first answer is an error, or there is none
     */
    static Contestant open(String name, Class<?> main, int threads, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        // The same number of threads for everybody.
        command.add("-Dai.djl.oktoblas.num_threads=" + threads);
        command.add("-Dai.djl.pytorch.num_threads=" + threads);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        ForkedContestant contestant = new ForkedContestant(name, process);
        try {
            contestant.answer();
        } catch (IOException e) {
            contestant.close();
            throw e;
        }
        return contestant;
    }

    @Override
    public Sample run(InferCase task) throws IOException {
        questions.write(gson.toJson(task) + "\n");
        questions.flush();
        return answer().sample();
    }

    private InferWorker.Answer answer() throws IOException {
        String line = answers.readLine();
        // The Java machine itself may have something to say first.
        while (line != null && !line.startsWith("{")) {
            line = answers.readLine();
        }
        if (line == null) {
            throw new IOException(name + " ended before it answered");
        }
        InferWorker.Answer answer = gson.fromJson(line, InferWorker.Answer.class);
        if (answer.error() != null) {
            throw new IOException(name + ": " + answer.error());
        }
        return answer;
    }

    @Override
    public void close() {
        Processes.end(process, questions);
    }
}
