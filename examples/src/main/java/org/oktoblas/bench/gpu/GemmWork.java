package org.oktoblas.bench.gpu;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Arithmetic;
import org.oktoblas.kernels.KernelFamilies;
import org.oktoblas.kernels.PackedWeights;

/** Matrix products. */
final class GemmWork extends CaseWork {

    private static final int SAMPLES = 8;

    private final int m;
    private final int n;
    private final int k;

    GemmWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        super(task, arena, check, families);
        m = task.dim(0);
        n = task.dim(1);
        k = task.dim(2);
    }

    @Override
    Work make() {
        return task.op().equals("matmul") ? product() : linear();
    }

    private Work product() {
        DeviceTensor out = arena.output(type, m, n);
        boolean tf32 = task.format() == Format.TF32;
        return new Work(
                arena.sets(() -> List.of(arena.input(type, m, k), arena.input(type, k, n))),
                in ->
                        families.gemm()
                                .matmul(stream, in.get(0).tensor(), in.get(1).tensor(), out, tf32),
                in -> {
                    Exact.Matrix a = (i, j) -> in.get(0).at(i * k + j);
                    Exact.Matrix b = (i, j) -> in.get(1).at(i * n + j);
                    samples(out, (i, j) -> Exact.product(a, b, i, j, k));
                });
    }

    /** A layer reads and writes float32, and its weights are packed once. */
    private Work linear() {
        ElementType outside = ElementType.F32;
        DeviceTensor out = arena.output(outside, m, n);
        List<List<Input>> sets =
                arena.sets(
                        () ->
                                List.of(
                                        arena.input(outside, m, k),
                                        arena.input(type, k, n),
                                        arena.input(outside, n)));
        Map<Input, PackedWeights> packed = new IdentityHashMap<>();
        for (List<Input> set : sets) {
            PackedWeights weights =
                    families.linear().pack(stream, set.get(1).tensor(), Arithmetic.FLOAT16);
            arena.onClose(weights::close);
            packed.put(set.get(1), weights);
        }
        return new Work(
                sets,
                in ->
                        families.linear()
                                .apply(
                                        stream,
                                        in.get(0).tensor(),
                                        packed.get(in.get(1)),
                                        in.get(2).tensor(),
                                        "none",
                                        null,
                                        out),
                in -> {
                    Exact.Matrix a = (i, j) -> in.get(0).at(i * k + j);
                    Exact.Matrix b = (i, j) -> in.get(1).at(i * n + j);
                    samples(out, (i, j) -> Exact.product(a, b, i, j, k) + in.get(2).at(j));
                });
    }

    private void samples(DeviceTensor out, Exact.Matrix exact) {
        List<Long> places = new ArrayList<>();
        for (long row : Check.spread(m, SAMPLES)) {
            for (long column : Check.spread(n, SAMPLES)) {
                places.add(row * n + column);
            }
        }
        // A sum of k products of normal numbers has the size √k.
        check.points(
                out,
                places.stream().mapToLong(Long::longValue).toArray(),
                Math.sqrt(k),
                i -> exact.at(i / n, i % n));
    }
}
