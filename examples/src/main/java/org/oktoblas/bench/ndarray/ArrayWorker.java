package org.oktoblas.bench.ndarray;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.openjdk.jmh.runner.RunnerException;

/**
 * The process in which one engine runs one operation: reads one {@link Question} a line from
 * standard input and answers each with one {@link Answer}, both as JSON. A process of its own for
 * each keeps engines' threads apart, and what Java compiles for one operation does not depend on
 * those before it.
 */
final class ArrayWorker {

    /** What can be asked. */
    enum Action {
        PREPARE,
        WARM_UP,
        MEASURE
    }

    /**
     * What is asked.
     *
     * @param action what to do
     * @param size of what to prepare
     */
    record Question(Action action, long size) {}

    /** What a worker answers, each part to the question it belongs to. */
    record Answer(String name, Digest digest, double nanos, String error) {

        static Answer error(Throwable e) {
            Throwable first = e;
            // JMH wraps what the operation threw, in one way or the other.
            while (first.getCause() != null || first.getSuppressed().length > 0) {
                first = first.getCause() != null ? first.getCause() : first.getSuppressed()[0];
            }
            String message = first.getMessage();
            boolean told = first instanceof RuntimeException && message != null;
            return new Answer(null, null, 0, told ? message : first.toString());
        }
    }

    private final Engine engine;
    private final Device device;
    private final ArrayOperation operation;
    private final Stretch stretch;
    private NDManager manager;
    private ArrayTimer.Task task;
    private boolean warm;

    private ArrayWorker(String[] args) {
        engine = Engine.getEngine(args[0]);
        device = Device.fromName(args[1], engine);
        operation =
                ArrayOperations.all().stream()
                        .filter(candidate -> candidate.name().equals(args[2]))
                        .findFirst()
                        .orElseThrow();
        stretch = Stretch.parse(args[3]);
    }

    /**
     * Entry point of the process.
     *
     * @param args engine, device, operation, and how long to repeat calls
     */
    public static void main(String[] args) throws IOException {
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        // Both engines' processes have JMH in them, but never at the same time.
        System.setProperty("jmh.ignoreLock", "true");
        Gson gson = new GsonBuilder().serializeSpecialFloatingPointValues().create();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            ArrayWorker worker = new ArrayWorker(args);
            Engine engine = worker.engine;
            String name = engine.getEngineName() + " " + engine.getVersion();
            out.println(gson.toJson(new Answer(name, null, 0, null)));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(gson.toJson(worker.answer(gson.fromJson(line, Question.class))));
            }
        } catch (RuntimeException | LinkageError e) {
            out.println(gson.toJson(Answer.error(e)));
        }
        // Native thread pools need not keep the process alive.
        System.exit(0);
    }

    private Answer answer(Question question) {
        try {
            return switch (question.action()) {
                case PREPARE -> new Answer(null, prepare(question.size()), 0, null);
                case WARM_UP -> {
                    int millis = warm ? stretch.warmUpMillis() : stretch.firstWarmUpMillis();
                    warm = true;
                    yield new Answer(null, null, time(millis, 1), null);
                }
                case MEASURE -> new Answer(null, null, time(0, stretch.measureMillis()), null);
            };
        } catch (RuntimeException | RunnerException | LinkageError | OutOfMemoryError e) {
            return Answer.error(e);
        }
    }

    private Digest prepare(long size) {
        if (manager != null) {
            manager.close();
        }
        manager = engine.newBaseManager(device);
        ArrayInputs inputs = new ArrayInputs(manager, size);
        task = new ArrayTimer.Task(operation, manager, operation.preparation().prepare(inputs));
        return task.digest();
    }

    private double time(int warmUpMillis, int millis) throws RunnerException {
        return ArrayTimer.nanoseconds(task, warmUpMillis, millis);
    }
}
