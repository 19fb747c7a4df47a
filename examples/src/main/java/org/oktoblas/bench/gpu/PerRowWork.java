package org.oktoblas.bench.gpu;

import java.util.List;
import java.util.stream.IntStream;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.kernels.KernelFamilies;

/** Softmax and layer norm over the rows of a matrix. */
final class PerRowWork extends CaseWork {

    private static final double EPSILON = 1e-5;

    private final int rows;
    private final int width;

    PerRowWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        super(task, arena, check, families);
        rows = task.dim(0);
        width = task.dim(1);
    }

    @Override
    Work make() {
        return task.op().equals("softmax") ? softmax() : layerNorm();
    }

    private double[] row(Input input, long row) {
        return IntStream.range(0, width).mapToDouble(i -> input.at(row * width + i)).toArray();
    }

    private Work softmax() {
        DeviceTensor out = arena.output(type, rows, width);
        return new Work(
                arena.sets(() -> List.of(arena.input(type, rows, width))),
                in -> families.normalization().softmax(stream, false, in.get(0).tensor(), 1, out),
                in -> check.rows(out, width, i -> Exact.softmax(row(in.get(0), i))));
    }

    private Work layerNorm() {
        DeviceTensor out = arena.output(type, rows, width);
        Input gamma = arena.input(type, width);
        Input beta = arena.input(type, width);
        return new Work(
                arena.sets(() -> List.of(arena.input(type, rows, width))),
                in ->
                        families.normalization()
                                .layerNorm(
                                        stream,
                                        in.get(0).tensor(),
                                        1,
                                        gamma.tensor(),
                                        beta.tensor(),
                                        EPSILON,
                                        out),
                in ->
                        check.rows(
                                out,
                                width,
                                i ->
                                        Exact.layerNorm(
                                                row(in.get(0), i),
                                                row(gamma, 0),
                                                row(beta, 0),
                                                EPSILON)));
    }
}
