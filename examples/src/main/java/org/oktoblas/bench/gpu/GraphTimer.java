package org.oktoblas.bench.gpu;

import java.util.List;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.CudaEvent;
import org.oktoblas.cuda.CudaGraph;
import org.oktoblas.cuda.CudaStream;

/** Times work by replaying a graph of many calls between two events. */
final class GraphTimer implements AutoCloseable {

    /** A graph should take about so long: short for the sake of many cases. */
    private static final double TARGET_MICROSECONDS = 3000;

    private static final int FEWEST_CALLS = 4;
    private static final int MOST_CALLS = 100;

    private final CudaStream stream;
    private final Work work;
    private CudaGraph graph;
    private int calls;

    /** Captures as many calls as take the right time; the kernels have been loaded before. */
    GraphTimer(CudaStream stream, Work work) {
        this.stream = stream;
        this.work = work;
        int sets = work.sets().size();
        capture(calls(sets, TARGET_MICROSECONDS));
        try {
            int better = calls(sets, microseconds());
            if (better != calls) {
                graph.close();
                capture(better);
            }
        } catch (RuntimeException e) {
            graph.close();
            throw e;
        }
    }

    /** Returns how many calls of a duration a graph should hold: whole rotations of the inputs. */
    private static int calls(int sets, double microseconds) {
        double wanted = TARGET_MICROSECONDS / microseconds;
        double calls = Math.max(FEWEST_CALLS, Math.min(MOST_CALLS, wanted));
        return (int) Math.max(1, Math.round(calls / sets)) * sets;
    }

    private void capture(int count) {
        List<List<Input>> sets = work.sets();
        calls = count;
        graph =
                stream.capture(
                        () -> {
                            for (int i = 0; i < count; i++) {
                                work.call().accept(sets.get(i % sets.size()));
                            }
                        });
    }

    /** Returns the inputs of the graph's last call, whose output stays. */
    List<Input> lastInputs() {
        return work.sets().get((calls - 1) % work.sets().size());
    }

    /** Replays the graph once to warm up and once on the clock; returns the time of one call. */
    double microseconds() {
        graph.launch(stream);
        try (CudaEvent start = stream.record()) {
            graph.launch(stream);
            try (CudaEvent end = stream.record()) {
                return end.millisecondsSince(start) * 1e3 / calls;
            }
        }
    }

    @Override
    public void close() {
        graph.close();
    }
}
