package org.oktoblas.bench.ndarray;

import ai.djl.Device;
import java.io.IOException;
import java.util.List;
import org.oktoblas.bench.WorkerProcess;

/** A contestant in a Java machine of its own, an {@link ArrayWorker}. */
final class ForkedArrays implements ArrayContestant {

    private static final long HEAP_BYTES = 1L << 30;

    private final WorkerProcess process;

    private ForkedArrays(WorkerProcess process) {
        this.process = process;
    }

    /**
     * Starts a process.
     *
     * @param engine the engine's name
     * @param device where it runs
     * @param threads how many threads it uses
     * @param stretch how long it measures
     * @param operation what it runs
     */
    static ArrayContestant open(
            String engine, Device device, int threads, Stretch stretch, String operation)
            throws IOException {
        String place = device.getDeviceType() + (device.isGpu() ? device.getDeviceId() : "");
        List<String> arguments = List.of(engine, place, operation, stretch.words());
        return new ForkedArrays(
                WorkerProcess.start(engine, ArrayWorker.class, threads, heap(), arguments));
    }

    /**
     * Java's heap as it is in a service that has run for a while, all its pages there: where the
     * system is slow to give them, as virtual machines are, short calls would wait for little else.
     */
    private static List<String> heap() {
        long bytes = Math.min(HEAP_BYTES, Runtime.getRuntime().maxMemory());
        return List.of("-Xms" + bytes, "-Xmx" + bytes, "-XX:+AlwaysPreTouch");
    }

    @Override
    public String await() throws IOException {
        return checked(process.answer(ArrayWorker.Answer.class)).name();
    }

    @Override
    public Digest prepare(long size) throws IOException {
        return ask(ArrayWorker.Action.PREPARE, size).digest();
    }

    @Override
    public void warmUp() throws IOException {
        ask(ArrayWorker.Action.WARM_UP, 0);
    }

    @Override
    public double measure() throws IOException {
        return ask(ArrayWorker.Action.MEASURE, 0).nanos();
    }

    private ArrayWorker.Answer ask(ArrayWorker.Action action, long size) throws IOException {
        return checked(
                process.ask(new ArrayWorker.Question(action, size), ArrayWorker.Answer.class));
    }

    private static ArrayWorker.Answer checked(ArrayWorker.Answer answer) throws IOException {
        if (answer.error() != null) {
            throw new IOException(answer.error());
        }
        return answer;
    }

    @Override
    public void close() {
        process.close();
    }
}
