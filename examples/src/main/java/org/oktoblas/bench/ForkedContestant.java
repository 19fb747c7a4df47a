package org.oktoblas.bench;

import ai.djl.Device;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.gpt2.Precision;

/** A contestant in a Java machine of its own. */
final class ForkedContestant implements Contestant {

    private final String name;
    private final WorkerProcess process;

    private ForkedContestant(String name, WorkerProcess process) {
        this.name = name;
        this.process = process;
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
        ForkedContestant contestant =
                new ForkedContestant(
                        name, WorkerProcess.start(name, main, threads, List.of(), arguments));
        try {
            contestant.checked(contestant.process.answer(InferWorker.Answer.class));
        } catch (IOException e) {
            contestant.close();
            throw e;
        }
        return contestant;
    }

    @Override
    public Sample run(InferCase task) throws IOException {
        return checked(process.ask(task, InferWorker.Answer.class)).sample();
    }

    private InferWorker.Answer checked(InferWorker.Answer answer) throws IOException {
        if (answer.error() != null) {
            throw new IOException(name + ": " + answer.error());
        }
        return answer;
    }

    @Override
    public void close() {
        process.close();
    }
}
