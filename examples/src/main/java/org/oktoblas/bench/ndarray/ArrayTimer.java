package org.oktoblas.bench.ndarray;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDResource;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What JMH repeats: one call of the operation that this process has prepared, to its end. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ArrayTimer {

    /** One operation with its inputs. */
    static final class Task {

        private final ArrayOperation.Call call;
        private final boolean closes;
        private final NDArray probe;

        Task(ArrayOperation operation, NDManager manager, ArrayOperation.Call call) {
            this.call = call;
            closes = operation.kind() != ArrayOperation.Kind.IN_PLACE;
            probe =
                    manager.getDevice().isGpu()
                            ? manager.zeros(new Shape(1), DataType.FLOAT32)
                            : null;
        }

        /** Runs the operation once and reads its result. */
        Digest digest() {
            Object result = call.run();
            try {
                return Digest.of(result);
            } finally {
                close(result);
            }
        }

        void close(Object result) {
            if (closes && result instanceof NDResource resource) {
                resource.close();
            }
        }
    }

    /** JMH makes the object that it times, so the task reaches it here. */
    private static Task current;

    private Task task;

    /**
     * Takes the task that {@link #nanoseconds} was called with: before each iteration, because JMH
     * keeps this object where a run before it failed.
     */
    @Setup(Level.Iteration)
    public void take() {
        task = current;
    }

    /** Runs the operation once, until its result is there, and gives the result back. */
    @Benchmark
    public void call(Blackhole blackhole) {
        Object result = task.call.run();
        if (task.probe != null) {
            // A GPU works behind the caller; a value can be read only after all before it.
            task.probe.toByteBuffer();
        }
        blackhole.consume(result);
        task.close(result);
    }

    /**
     * Repeats a task for some time.
     *
     * @param warmUpMillis how long before it is measured, or 0
     * @param millis how long it is measured
     * @return the nanoseconds of one call, on average
     */
    static double nanoseconds(Task task, int warmUpMillis, int millis) throws RunnerException {
        current = task;
        ChainedOptionsBuilder options =
                new OptionsBuilder()
                        .include(ArrayTimer.class.getName() + ".call")
                        // This process is the fork: it and the other engine's take turns.
                        .forks(0)
                        .threads(1)
                        .warmupIterations(warmUpMillis == 0 ? 0 : 1)
                        .warmupTime(TimeValue.milliseconds(Math.max(1, warmUpMillis)))
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(millis))
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT);
        RunResult result = new Runner(options.build()).runSingle();
        return result.getPrimaryResult().getScore();
    }
}
