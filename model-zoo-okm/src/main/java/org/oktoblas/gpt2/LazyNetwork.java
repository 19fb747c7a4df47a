package org.oktoblas.gpt2;

import ai.djl.ndarray.NDManager;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.oktoblas.okm.Gpt2Config;

/** A network that is loaded when it is first asked for. Threads may share it. */
final class LazyNetwork implements Supplier<Gpt2Network> {

    private final Gpt2Config config;
    private final NDManager owner;
    private final Precision precision;

    /** Null once the network is loaded, so that a file's mapping can go. */
    private TensorSource weights;

    private volatile Gpt2Network network;

    /** Keeps what is needed to load; the network will be freed with the owner. */
    LazyNetwork(Gpt2Config config, TensorSource weights, NDManager owner, Precision precision) {
        this.config = config;
        this.weights = weights;
        this.owner = owner;
        this.precision = precision;
    }

    @Override
    public Gpt2Network get() {
        Gpt2Network known = network;
        return known != null ? known : load();
    }

    private synchronized Gpt2Network load() {
        if (network == null) {
            // A manager of its own, so that a load that fails midway, for want of memory as a rule,
            // leaves nothing behind: it may be tried again.
            NDManager own = owner.newSubManager();
            try {
                network = apart(new Load(config, weights, own, precision));
                weights = null;
            } catch (RuntimeException | Error e) {
                own.close();
                throw e;
            }
        }
        return network;
    }

    /** What a load needs. */
    private record Load(
            Gpt2Config config, TensorSource weights, NDManager owner, Precision precision) {

        Gpt2Network run() {
            return new Gpt2Network(config, Gpt2Ops.of(owner, weights, precision));
        }
    }

    /**
     * Loads on a thread of its own: an {@code NDScope} around the caller, as DJL's TextGenerator
     * has one, would close the weights with all else that the caller's thread makes.
     */
    private static Gpt2Network apart(Load load) {
        FutureTask<Gpt2Network> task = new FutureTask<>(load::run);
        Thread thread = new Thread(task, "okto-load");
        thread.setDaemon(true);
        thread.start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    // A load that has begun is finished, as on the caller's own thread.
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
