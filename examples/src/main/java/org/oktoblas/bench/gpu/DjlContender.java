package org.oktoblas.bench.gpu;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A DJL engine on the first GPU, called as an application calls it. */
final class DjlContender implements Contender {

    private static final double WARM_UP_SECONDS = 0.5;

    /** Fewer than the device queues, so that no call has to wait for room. */
    private static final int HOST_CALLS = 400;

    private static final double EAGER_MICROSECONDS = 20_000;

    private final Engine engine;

    DjlContender(Engine engine) {
        this.engine = engine;
    }

    @Override
    public Optional<Timed> prepare(KernelCase task, int sets) {
        if (task.way() == Way.GRAPH) {
            return Optional.empty();
        }
        NDManager manager = engine.newBaseManager(Device.gpu(0));
        try {
            Calls calls = new Calls(manager, task);
            calls.warmUp();
            return Optional.of(calls);
        } catch (RuntimeException e) {
            manager.close();
            throw new CaseFailedException(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        // The engine is the process's.
    }

    private final class Calls implements Timed {

        private final NDManager manager;
        private final KernelCase task;
        private final Runnable call;
        private final NDArray probe;
        private int count = HOST_CALLS;

        Calls(NDManager manager, KernelCase task) {
            this.manager = manager;
            this.task = task;
            call = call();
            probe = manager.zeros(new Shape(1), DataType.FLOAT32);
        }

        private NDArray random(long... shape) {
            NDArray numbers = manager.randomNormal(new Shape(shape), DataType.FLOAT32);
            return task.format() == Format.FP16 ? numbers.toType(DataType.FLOAT16, false) : numbers;
        }

        private Runnable call() {
            return switch (task.op()) {
                case "add" -> {
                    NDArray a = random(task.dim(0));
                    NDArray b = random(task.dim(0));
                    yield () -> a.add(b).close();
                }
                case "matmul" -> {
                    NDArray a = random(task.dim(0), task.dim(2));
                    NDArray b = random(task.dim(2), task.dim(1));
                    yield () -> a.matMul(b).close();
                }
                case "get" -> {
                    NDArray a = random(task.dim(0), task.dim(1));
                    yield () -> a.get(3).close();
                }
                case "set" -> {
                    NDArray a = random(task.dim(0), task.dim(1));
                    NDIndex row = new NDIndex(3);
                    yield () -> a.set(row, 1.5f);
                }
                case "create" -> {
                    Shape shape = new Shape(task.dim(0));
                    yield () -> manager.zeros(shape, DataType.FLOAT32).close();
                }
                default -> throw new IllegalArgumentException("no DJL call for " + task.op());
            };
        }

        /** Until Java has compiled the calls; then decides how many to time. */
        void warmUp() {
            long start = System.nanoTime();
            double last;
            do {
                last = run(task.way() == Way.HOST ? HOST_CALLS : 10);
            } while (System.nanoTime() - start < WARM_UP_SECONDS * TimeUnit.SECONDS.toNanos(1));
            if (task.way() == Way.EAGER) {
                count = (int) Math.max(10, Math.min(HOST_CALLS, EAGER_MICROSECONDS / last));
            }
        }

        @Override
        public String name() {
            return "DJL " + engine.getEngineName() + " " + engine.getVersion();
        }

        @Override
        public double microseconds() {
            run(count / 4);
            return run(count);
        }

        private double run(int times) {
            await();
            long start = System.nanoTime();
            for (int i = 0; i < times; i++) {
                call.run();
            }
            if (task.way() == Way.EAGER) {
                await();
            }
            double microseconds = (System.nanoTime() - start) / 1e3 / times;
            await();
            return microseconds;
        }

        /** A value can be read only after all that was enqueued before. */
        private void await() {
            probe.toByteBuffer();
        }

        @Override
        public void close() {
            manager.close();
        }
    }
}
