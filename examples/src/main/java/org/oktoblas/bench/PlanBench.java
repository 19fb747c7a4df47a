package org.oktoblas.bench;

import ai.djl.ModelException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Generates on one GPU with ours and PyTorch's in turns, case by case. What fails gets no figure
 * but a sentence: time on such a machine is dear, and the other cases may go well.
 */
final class PlanBench {

    /** How a process of ours comes to be, with its model loaded. */
    interface Opener {
        Contestant open(String model) throws IOException, ModelException;
    }

    /** Something whose duration is known when it is done. */
    interface Timer {
        double seconds() throws IOException;
    }

    /** PyTorch compiles nothing while it runs but in the first run of a case. */
    private static final int LEAST_WARM_UP_RUNS = 2;

    private final Opener opener;
    private final List<TorchPeer> peers;
    private final int rounds;
    private final double warmUpSeconds;
    private final Consumer<String> progress;
    private final Set<Contestant> gone = new HashSet<>();
    private final Set<String> failures = new LinkedHashSet<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private double copyBandwidth;

    /**
     * Creates a benchmark.
     *
     * @param opener ours
     * @param peers what is measured beside it; may be empty
     * @param rounds how often
     * @param warmUpSeconds how long ours generates in every case before it is measured
     * @param progress hears what is being done
     */
    PlanBench(
            Opener opener,
            List<TorchPeer> peers,
            int rounds,
            double warmUpSeconds,
            Consumer<String> progress) {
        this.opener = opener;
        this.peers = List.copyOf(peers);
        this.rounds = rounds;
        this.warmUpSeconds = warmUpSeconds;
        this.progress = progress;
    }

    /** Returns what failed on our side, a sentence each without its full stop. */
    Set<String> failures() {
        return failures;
    }

    /** Returns what else was seen. */
    Set<String> notes() {
        return notes;
    }

    /** Returns the peers that still answer. */
    List<TorchPeer> alive() {
        return peers.stream().filter(peer -> !gone.contains(peer)).toList();
    }

    /**
     * Measures how fast the device copies, which limits are worked out from.
     *
     * @return bytes a second, read plus written; 0 if nobody can tell
     */
    double measureCopy() {
        for (TorchPeer peer : alive()) {
            try {
                copyBandwidth = peer.copyBandwidth();
                return copyBandwidth;
            } catch (IOException | RuntimeException e) {
                failed(peer, "a copy within the device", e);
            }
        }
        return 0;
    }

    /**
     * Measures what one model generates.
     *
     * @param group what
     * @param model our model's path
     */
    List<BenchRow> measure(InferPlan.Group group, String model) {
        List<Contestant> sides = new ArrayList<>();
        Contestant our = openOurs(group.shape().name(), model);
        try {
            if (our != null) {
                sides.add(our);
            }
            sides.addAll(load(group.shape()));
            List<BenchRow> rows = new ArrayList<>();
            for (InferPlan.Item item : group.items()) {
                rows.addAll(measure(group, item, model, our, sides));
            }
            return rows;
        } finally {
            if (our != null) {
                our.close();
            }
        }
    }

    private Contestant openOurs(String what, String model) {
        progress.accept(what + ": loading");
        try {
            return opener.open(model);
        } catch (IOException | ModelException | RuntimeException e) {
            failures.add(what + ": " + e.getMessage());
            progress.accept("  failed: " + e.getMessage());
            return null;
        }
    }

    private List<TorchPeer> load(ModelShape shape) {
        List<TorchPeer> ready = new ArrayList<>();
        for (TorchPeer peer : alive()) {
            try {
                peer.load(shape);
                ready.add(peer);
            } catch (IOException | RuntimeException e) {
                failed(peer, shape.name(), e);
            }
        }
        return ready;
    }

    private List<BenchRow> measure(
            InferPlan.Group group,
            InferPlan.Item item,
            String model,
            Contestant our,
            List<Contestant> sides) {
        String name = group.name(item);
        List<Contestant> playing = new ArrayList<>(sides);
        playing.removeIf(gone::contains);
        playing.removeIf(side -> side instanceof TorchPeer peer && !peer.takes(item));
        progress.accept(name + ": warming up");
        playing.removeIf(side -> !warmUp(side, name, item.task()));
        progress.accept(name + ": measuring");
        Map<Contestant, List<Sample>> samples = play(playing, name, item.task());
        List<Sample> ours = samples.remove(our);
        Double peak = ours == null ? null : peak(name, model, item.task());
        List<BenchRow> rows = new ArrayList<>();
        samples.forEach(
                (side, theirs) ->
                        rows.addAll(
                                rows(group, item, ours, peak, theirs, ((TorchPeer) side).name())));
        return rows.isEmpty() ? rows(group, item, ours, peak, null, null) : rows;
    }

    /** Lets a side run until it is as fast as it gets; returns whether it can. */
    private boolean warmUp(Contestant side, String name, InferCase task) {
        double seconds = side instanceof TorchPeer ? 0 : warmUpSeconds;
        long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
        try {
            for (int i = 0; i < LEAST_WARM_UP_RUNS || System.nanoTime() < end; i++) {
                side.run(task);
            }
            return true;
        } catch (IOException | RuntimeException e) {
            failed(side, name, e);
            return false;
        }
    }

    private Map<Contestant, List<Sample>> play(
            List<Contestant> playing, String name, InferCase task) {
        Map<Contestant, List<Sample>> samples = new LinkedHashMap<>();
        playing.forEach(side -> samples.put(side, new ArrayList<>()));
        List<Contestant> order = new ArrayList<>(playing);
        for (int round = 0; round < rounds; round++) {
            for (Contestant side : List.copyOf(order)) {
                try {
                    samples.get(side).add(side.run(task));
                } catch (IOException | RuntimeException e) {
                    order.remove(side);
                    samples.remove(side);
                    failed(side, name, e);
                }
            }
            // Nobody always goes first.
            Collections.rotate(order, 1);
        }
        return samples;
    }

    /** Only a process that does nothing else tells what this case takes. */
    private Double peak(String name, String model, InferCase task) {
        try (Contestant fresh = opener.open(model)) {
            return fresh.run(task).peakMemoryMb();
        } catch (IOException | ModelException | RuntimeException e) {
            failures.add("%s: peak memory: %s".formatted(name, e.getMessage()));
            return null;
        }
    }

    private void failed(Contestant side, String what, Exception e) {
        boolean over = !(e instanceof PeerFailedException);
        if (over) {
            gone.add(side);
        }
        if (side instanceof TorchPeer peer) {
            notes.add(
                    "%s: %s failed: %s%s"
                            .formatted(
                                    what,
                                    peer.mode(),
                                    e.getMessage(),
                                    over ? ", and was left out from here on." : "."));
        } else {
            failures.add(what + ": " + e.getMessage());
        }
        progress.accept("  failed: " + e.getMessage());
    }

    private List<BenchRow> rows(
            InferPlan.Group group,
            InferPlan.Item item,
            List<Sample> ours,
            Double peak,
            List<Sample> theirs,
            String peerName) {
        String name = group.name(item);
        InferCase task = item.task();
        BenchRow decode =
                BenchRow.of(
                        name,
                        "decode_tokens_per_second",
                        true,
                        figures(ours, Sample::decodeTokensPerSecond),
                        figures(theirs, Sample::decodeTokensPerSecond),
                        peerName);
        if (copyBandwidth > 0) {
            double stepBytes = group.shape().stepBytes(task, InferPlan.VALUE_BYTES);
            decode = decode.withLimit(task.batch() * copyBandwidth / stepBytes);
        }
        BenchRow first =
                BenchRow.of(
                        name,
                        "ttft_ms",
                        false,
                        figures(ours, Sample::firstMillis),
                        figures(theirs, Sample::firstMillis),
                        peerName);
        BenchRow memory =
                BenchRow.of(
                                name,
                                "peak_memory_mb",
                                false,
                                peak == null ? null : List.of(peak),
                                figures(theirs, Sample::peakMemoryMb),
                                peerName)
                        .withLimit(group.shape().heldBytes(task, InferPlan.VALUE_BYTES) / 1e6);
        return List.of(decode, first, memory);
    }

    private static List<Double> figures(List<Sample> samples, Function<Sample, Double> figure) {
        return samples == null ? null : samples.stream().map(figure).toList();
    }

    /**
     * Measures cold starts, in turns.
     *
     * @param peer the peer's, or null
     * @param peerName what the peer is, or null
     */
    BenchRow cold(String name, int times, Timer ours, Timer peer, String peerName) {
        progress.accept(name);
        List<Double> ourSeconds = new ArrayList<>();
        List<Double> theirSeconds = new ArrayList<>();
        String ourError = null;
        String theirError = null;
        for (int i = 0; i < times; i++) {
            ourError = ourError == null ? time(ours, ourSeconds) : ourError;
            theirError = theirError == null && peer != null ? time(peer, theirSeconds) : theirError;
        }
        if (ourError != null) {
            failures.add(name + ": " + ourError);
        }
        if (theirError != null) {
            notes.add("%s: %s failed: %s.".formatted(name, peerName, theirError));
        }
        boolean measured = peer != null && theirError == null;
        return BenchRow.of(
                name,
                "cold_start_seconds",
                false,
                ourError == null ? ourSeconds : null,
                measured ? theirSeconds : null,
                measured ? peerName : null);
    }

    private String time(Timer timer, List<Double> seconds) {
        try {
            seconds.add(timer.seconds());
            return null;
        } catch (IOException | RuntimeException e) {
            progress.accept("  failed: " + e.getMessage());
            return String.valueOf(e.getMessage());
        }
    }
}
