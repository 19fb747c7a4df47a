package org.oktoblas.bench.gpu;

import java.util.List;
import java.util.stream.IntStream;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.KernelFamilies;

/** Attention: for prompts, for one query against a cache, and over all keys. */
final class AttentionWork {

    private final KernelCase task;
    private final Arena arena;
    private final Check check;
    private final CudaStream stream;
    private final ElementType type;
    private final KernelFamilies families;
    private final int batch;
    private final int heads;
    private final int queries;
    private final int keys;
    private final int width;

    AttentionWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        this.task = task;
        this.arena = arena;
        this.check = check;
        this.families = families;
        stream = arena.stream();
        type = task.format().type();
        batch = task.dim(0);
        heads = task.dim(1);
        queries = task.dim(2);
        keys = task.dim(3);
        width = task.dim(4);
    }

    Work make() {
        return task.op().equals("attention") ? full() : causal();
    }

    private List<List<Input>> inputs() {
        return arena.sets(
                () ->
                        List.of(
                                arena.input(type, batch, heads, queries, width),
                                arena.input(type, batch, heads, keys, width),
                                arena.input(type, batch, heads, keys, width)));
    }

    private double scale() {
        return 1 / Math.sqrt(width);
    }

    private Work causal() {
        DeviceTensor out = arena.output(type, batch, heads, queries, width);
        return new Work(
                inputs(),
                in ->
                        families.attention()
                                .causal(
                                        stream,
                                        in.get(0).tensor(),
                                        in.get(1).tensor(),
                                        in.get(2).tensor(),
                                        null,
                                        scale(),
                                        out),
                in -> check(in, out, true));
    }

    private Work full() {
        DeviceTensor out = arena.output(type, batch, heads, queries, width);
        return new Work(
                inputs(),
                in ->
                        families.attention()
                                .full(
                                        stream,
                                        in.get(0).tensor(),
                                        in.get(1).tensor(),
                                        in.get(2).tensor(),
                                        null,
                                        scale(),
                                        out),
                in -> check(in, out, false));
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
