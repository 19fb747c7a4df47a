package org.oktoblas.bench.gpu;

import java.util.List;
import java.util.stream.IntStream;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.kernels.Attention;
import org.oktoblas.kernels.KernelFamilies;

/** Attention: for prompts, for one query against a cache, and over all keys. */
final class AttentionWork extends CaseWork {

    private final int batch;
    private final int heads;
    private final int queries;
    private final int keys;
    private final int width;

    AttentionWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        super(task, arena, check, families);
        batch = task.dim(0);
        heads = task.dim(1);
        queries = task.dim(2);
        keys = task.dim(3);
        width = task.dim(4);
    }

    @Override
    Work make() {
        boolean causal = !task.op().equals("attention");
        DeviceTensor out = arena.output(type, batch, heads, queries, width);
        return new Work(
                inputs(),
                in -> run(causal, in.get(0), in.get(1), in.get(2), out),
                in -> check(in, out, causal));
    }

    private void run(boolean causal, Input query, Input keys, Input values, DeviceTensor out) {
        Attention attention = families.attention();
        DeviceTensor q = query.tensor();
        DeviceTensor k = keys.tensor();
        DeviceTensor v = values.tensor();
        double scale = 1 / Math.sqrt(width);
        if (causal) {
            attention.causal(stream, q, k, v, null, scale, out);
        } else {
            attention.full(stream, q, k, v, null, scale, out);
        }
    }

    private List<List<Input>> inputs() {
        return arena.sets(
                () ->
                        List.of(
                                arena.input(type, batch, heads, queries, width),
                                arena.input(type, batch, heads, keys, width),
                                arena.input(type, batch, heads, keys, width)));
    }

    private void check(List<Input> in, DeviceTensor out, boolean causal) {
        check.rows(
                out,
                width,
                row -> {
                    long head = row / queries;
                    int query = (int) (row % queries);
                    int seen = causal ? keys - queries + query + 1 : keys;
                    return Exact.attention(
                            IntStream.range(0, width)
                                    .mapToDouble(i -> in.get(0).at(row * width + i))
                                    .toArray(),
                            (s, i) -> in.get(1).at((head * keys + s) * width + i),
                            (s, i) -> in.get(2).at((head * keys + s) * width + i),
                            seen);
                });
    }
}
