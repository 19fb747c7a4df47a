package org.oktoblas.bench.ndarray;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.oktoblas.bench.BenchRow;

/** Measures operations: compares the engines' results, then lets them take turns. */
final class ArrayBench {

    private static final double NANOS_PER_MICRO = 1000;

    private final List<String> engines;
    private final int rounds;
    private final ArrayContestant.Opener opener;
    private final Consumer<String> progress;
    private final Map<Failure, List<String>> failed = new LinkedHashMap<>();
    private final Map<String, String> names = new HashMap<>();
    private boolean sound = true;

    /**
     * Creates a benchmark.
     *
     * @param engines one or two engines; the first is ours
     * @param rounds how often each case is measured
     * @param opener starts engines
     * @param progress hears what is being done
     */
    ArrayBench(
            List<String> engines,
            int rounds,
            ArrayContestant.Opener opener,
            Consumer<String> progress) {
        this.engines = engines;
        this.rounds = rounds;
        this.opener = opener;
        this.progress = progress;
    }

    /** Why an engine gave no time. */
    private record Failure(String engine, String why) {}

    /** What is said beside the figures: cases that have none, and why. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        failed.forEach(
                (failure, cases) ->
                        notes.add(
                                "No time of %s for %s: %s"
                                        .formatted(
                                                failure.engine(),
                                                String.join("; ", cases),
                                                failure.why())));
        return notes;
    }

    /** Whether every case of ours gave a time. */
    boolean sound() {
        return sound;
    }

    /**
     * Measures an operation.
     *
     * @param sizes of its arrays
     * @return a row for each size
     */
    List<BenchRow> measure(ArrayOperation operation, List<Long> sizes) {
        progress.accept(operation.name());
        List<BenchRow> rows = new ArrayList<>();
        Map<String, ArrayContestant> contestants = new LinkedHashMap<>();
        Map<String, String> failures = new LinkedHashMap<>();
        try {
            for (String engine : engines) {
                boolean first = engine.equals(engines.get(0));
                try {
                    contestants.put(engine, opener.open(engine, first, operation.name()));
                } catch (IOException e) {
                    failures.put(engine, e.getMessage());
                }
            }
            Map<String, ArrayContestant> started = await(contestants, failures);
            for (long size : sizes) {
                rows.add(measure(operation, size, started, new LinkedHashMap<>(failures)));
            }
        } finally {
            contestants.values().forEach(ArrayContestant::close);
        }
        return rows;
    }

    /** Returns those that start, which they do beside each other. */
    private Map<String, ArrayContestant> await(
            Map<String, ArrayContestant> contestants, Map<String, String> failures) {
        Map<String, ArrayContestant> started = new LinkedHashMap<>();
        contestants.forEach(
                (engine, contestant) -> {
                    try {
                        names.put(engine, contestant.await());
                        started.put(engine, contestant);
                    } catch (IOException e) {
                        failures.put(engine, e.getMessage());
                    }
                });
        return started;
    }

    private BenchRow measure(
            ArrayOperation operation,
            long size,
            Map<String, ArrayContestant> contestants,
            Map<String, String> failures) {
        Map<String, Digest> digests = new LinkedHashMap<>();
        Map<String, List<Double>> times = new LinkedHashMap<>();
        contestants.forEach(
                (engine, contestant) -> {
                    try {
                        digests.put(engine, contestant.prepare(size));
                        times.put(engine, new ArrayList<>());
                    } catch (IOException e) {
                        failures.put(engine, e.getMessage());
                    }
                });
        String ours = engines.get(0);
        Optional<String> difference = difference(operation, digests);
        if (difference.isPresent()) {
            failures.put(ours, "its result differs from the peer's: " + difference.get());
            times.remove(ours);
        }
        for (int round = -1; round < rounds; round++) {
            for (String engine : ArrayContestant.turn(List.copyOf(times.keySet()), round)) {
                ArrayContestant contestant = contestants.get(engine);
                try {
                    if (round < 0) {
                        contestant.warmUp();
                    } else {
                        times.get(engine).add(contestant.measure() / NANOS_PER_MICRO);
                    }
                } catch (IOException e) {
                    failures.put(engine, e.getMessage());
                    times.remove(engine);
                }
            }
        }
        String name = operation.caseName(size);
        failures.forEach(
                (engine, why) ->
                        failed.computeIfAbsent(new Failure(engine, why), key -> new ArrayList<>())
                                .add(name));
        sound &= !failures.containsKey(ours);
        String peer = engines.size() < 2 ? null : engines.get(1);
        return BenchRow.of(
                "ndarray",
                name,
                "us_per_call",
                false,
                times.get(ours),
                peer == null ? null : times.get(peer),
                peer == null ? null : names.getOrDefault(peer, peer));
    }

    private Optional<String> difference(ArrayOperation operation, Map<String, Digest> digests) {
        if (digests.size() < 2) {
            return Optional.empty();
        }
        return digests.get(engines.get(0))
                .differenceFrom(
                        digests.get(engines.get(1)),
                        operation.kind() == ArrayOperation.Kind.RANDOM,
                        operation.tolerance());
    }
}
