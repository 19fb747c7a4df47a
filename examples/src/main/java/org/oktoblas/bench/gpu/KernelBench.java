package org.oktoblas.bench.gpu;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.oktoblas.bench.BenchRow;
import org.oktoblas.bench.Statistics;

/**
 * Times cases on both sides in turns, so that whatever state the machine is in meets both alike.
 * What fails gets no time but a sentence.
 */
final class KernelBench {

    private final List<Contender> ours;
    private final List<Contender> peers;
    private final int rounds;
    private final long cacheBytes;
    private final Consumer<String> progress;
    private final Set<String> failures = new LinkedHashSet<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private double copyBandwidth;

    /**
     * Creates a benchmark.
     *
     * @param ours our side, the first that takes a case
     * @param peers the others, all that take a case
     * @param rounds how often
     * @param cacheBytes the device's second-level cache
     * @param progress hears what is being done
     */
    KernelBench(
            List<Contender> ours,
            List<Contender> peers,
            int rounds,
            long cacheBytes,
            Consumer<String> progress) {
        this.ours = ours;
        this.peers = new ArrayList<>(peers);
        this.rounds = rounds;
        this.cacheBytes = cacheBytes;
        this.progress = progress;
    }

    /** Returns what failed on our side since the last call, a sentence each. */
    List<String> takeFailures() {
        List<String> taken = List.copyOf(failures);
        failures.clear();
        return taken;
    }

    /** Returns what else was seen since the last call. */
    List<String> takeNotes() {
        List<String> taken = List.copyOf(notes);
        notes.clear();
        return taken;
    }

    /** Returns gigabytes a second, read plus written, that the better side copies; 0 before. */
    double copyBandwidth() {
        return copyBandwidth;
    }

    /** Measures one case: a row for each peer, or one without. */
    List<BenchRow> measure(KernelCase task) {
        progress.accept("%s: %s".formatted(task.topic(), task.name()));
        Map<Contender, Contender.Timed> ready = new LinkedHashMap<>();
        try {
            Contender our = prepareOurs(task, ready);
            for (Contender peer : List.copyOf(peers)) {
                preparePeer(peer, task, ready);
            }
            return rows(task, our, ready, play(task, ready));
        } finally {
            ready.values().forEach(timed -> close(task, timed));
        }
    }

    private void close(KernelCase task, Contender.Timed timed) {
        try {
            timed.close();
        } catch (RuntimeException e) {
            // The next case will tell whether this matters.
            notes.add("%s: could not be tidied up: %s".formatted(task.name(), e.getMessage()));
        }
    }

    private Contender prepareOurs(KernelCase task, Map<Contender, Contender.Timed> ready) {
        for (Contender our : ours) {
            try {
                Optional<Contender.Timed> timed = our.prepare(task, task.sets(cacheBytes));
                if (timed.isPresent()) {
                    ready.put(our, timed.get());
                    return our;
                }
            } catch (CaseFailedException | IOException e) {
                fail(task, e);
                return null;
            }
        }
        return null;
    }

    private void preparePeer(
            Contender peer, KernelCase task, Map<Contender, Contender.Timed> ready) {
        try {
            peer.prepare(task, task.sets(cacheBytes)).ifPresent(timed -> ready.put(peer, timed));
        } catch (CaseFailedException e) {
            notes.add("%s: the peer failed: %s".formatted(task.name(), e.getMessage()));
        } catch (IOException e) {
            drop(peer, e);
        }
    }

    private void fail(KernelCase task, Exception e) {
        failures.add("%s: %s".formatted(task.name(), e.getMessage()));
        progress.accept("  failed: " + e.getMessage());
    }

    private void drop(Contender peer, Exception e) {
        peers.remove(peer);
        notes.add("From here on nothing was measured beside ours: " + e.getMessage() + ".");
    }

    /** Plays the rounds; who goes first changes. */
    private Map<Contender, List<Double>> play(
            KernelCase task, Map<Contender, Contender.Timed> ready) {
        Map<Contender, List<Double>> times = new LinkedHashMap<>();
        List<Contender> order = new ArrayList<>(ready.keySet());
        order.forEach(contender -> times.put(contender, new ArrayList<>()));
        for (int round = 0; round < rounds; round++) {
            for (Contender contender : List.copyOf(order)) {
                try {
                    times.get(contender).add(ready.get(contender).microseconds());
                } catch (IOException | RuntimeException e) {
                    order.remove(contender);
                    times.remove(contender);
                    if (ours.contains(contender)) {
                        fail(task, e);
                    } else if (e instanceof IOException) {
                        drop(contender, e);
                    } else {
                        notes.add("%s: the peer failed: %s".formatted(task.name(), e.getMessage()));
                    }
                }
            }
            Collections.reverse(order);
        }
        return times;
    }

    private List<BenchRow> rows(
            KernelCase task,
            Contender our,
            Map<Contender, Contender.Timed> ready,
            Map<Contender, List<Double>> times) {
        List<BenchRow> rows = new ArrayList<>();
        List<Double> ourFigures = figures(task, times.get(our));
        for (var entry : times.entrySet()) {
            if (entry.getKey() != our) {
                String name = ready.get(entry.getKey()).name();
                rows.add(row(task, ourFigures, figures(task, entry.getValue()), name));
            }
        }
        if (rows.isEmpty()) {
            rows.add(row(task, ourFigures, null, null));
        }
        if (task.op().equals("copy")) {
            noteCopyBandwidth(rows);
        }
        List<Double> microseconds = times.get(our);
        if (microseconds == null || task.traffic() == 0 || copyBandwidth == 0) {
            return rows;
        }
        double reached = task.traffic() / Statistics.median(microseconds) / 1e3;
        return rows.stream().map(row -> row.withShareOfCopy(reached / copyBandwidth)).toList();
    }

    private void noteCopyBandwidth(List<BenchRow> rows) {
        for (BenchRow row : rows) {
            for (Double figure : new Double[] {row.ours(), row.peer()}) {
                copyBandwidth = Math.max(copyBandwidth, figure == null ? 0 : figure);
            }
        }
    }

    private static BenchRow row(
            KernelCase task, List<Double> ours, List<Double> peers, String peerName) {
        return BenchRow.of(
                task.topic(),
                task.name(),
                task.metric().toString(),
                task.metric().higherIsBetter(),
                ours,
                peers,
                peerName);
    }

    private static List<Double> figures(KernelCase task, List<Double> microseconds) {
        return microseconds == null
                ? null
                : microseconds.stream().map(t -> task.metric().of(task, t)).toList();
    }
}
