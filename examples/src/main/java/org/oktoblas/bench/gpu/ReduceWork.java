package org.oktoblas.bench.gpu;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.KernelFamilies;

/** Reductions of a matrix, and what orders its rows. */
final class ReduceWork extends CaseWork {

    private static final int SAMPLES = 16;

    private final int rows;
    private final int columns;

    ReduceWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        super(task, arena, check, families);
        rows = task.dim(0);
        columns = task.dim(1);
    }

    @Override
    Work make() {
        return switch (task.op()) {
            case "sumAll" -> all("sum");
            case "maxAll" -> all("max");
            case "sumRows" -> sumRows();
            case "sumColumns" -> sumColumns();
            case "argMaxRows" -> argMaxRows();
            case "argMaxAll" -> argMaxAll();
            case "scan" -> scan();
            case "sort" -> sort(columns);
            case "topK" -> sort(task.dim(2));
            default -> throw new IllegalArgumentException("no work is named " + task.op());
        };
    }

    private List<List<Input>> inputs() {
        return arena.sets(() -> List.of(arena.input(type, rows, columns)));
    }

    private long count() {
        return (long) rows * columns;
    }

    private Work all(String op) {
        DeviceTensor out = arena.output(type, 1, 1);
        return new Work(
                inputs(),
                in -> families.reductions().reduce(stream, op, in.get(0).tensor(), out),
                in -> {
                    boolean sum = op.equals("sum");
                    double exact = sum ? sumOf(in.get(0)) : in.get(0).at(largest(in.get(0)));
                    // A sum of n normal numbers has the size √n.
                    double magnitude = sum ? Math.sqrt(count()) : exact;
                    check.points(out, new long[] {0}, magnitude, i -> exact);
                });
    }

    private double sumOf(Input input) {
        double period = Arrays.stream(input.values()).sum();
        double rest = 0;
        for (long i = count() / RandomData.PERIOD * RandomData.PERIOD; i < count(); i++) {
            rest += input.at(i);
        }
        return count() / RandomData.PERIOD * period + rest;
    }

    /** The first of the largest is in the first period. */
    private int largest(Input input) {
        int seen = (int) Math.min(count(), RandomData.PERIOD);
        return Exact.largest(IntStream.range(0, seen).mapToDouble(input::at).toArray());
    }

    private double[] row(Input input, long row) {
        return IntStream.range(0, columns).mapToDouble(i -> input.at(row * columns + i)).toArray();
    }

    private Work sumRows() {
        DeviceTensor out = arena.output(type, rows, 1);
        return new Work(
                inputs(),
                in -> families.reductions().reduce(stream, "sum", in.get(0).tensor(), out),
                in ->
                        check.points(
                                out,
                                Check.spread(rows, SAMPLES),
                                Math.sqrt(columns),
                                i -> Arrays.stream(row(in.get(0), i)).sum()));
    }

    private Work sumColumns() {
        DeviceTensor out = arena.output(type, 1, columns);
        return new Work(
                inputs(),
                in -> families.reductions().reduce(stream, "sum", in.get(0).tensor(), out),
                in ->
                        check.points(
                                out,
                                Check.spread(columns, SAMPLES),
                                Math.sqrt(rows),
                                i ->
                                        IntStream.range(0, rows)
                                                .mapToDouble(
                                                        r -> in.get(0).at((long) r * columns + i))
                                                .sum()));
    }

    private Work argMaxRows() {
        DeviceTensor out = arena.output(ElementType.I64, rows, 1);
        return new Work(
                inputs(),
                in -> families.reductions().argReduce(stream, true, in.get(0).tensor(), 1, out),
                in -> check.sameRows(out, 1, i -> new double[] {Exact.largest(row(in.get(0), i))}));
    }

    private Work argMaxAll() {
        DeviceTensor out = arena.output(ElementType.I64, 1);
        return new Work(
                inputs(),
                in -> {
                    DeviceTensor flat =
                            in.get(0).tensor().with(0, new long[] {count()}, new long[] {1});
                    families.reductions().argReduce(stream, true, flat, 0, out);
                },
                in -> check.sameRows(out, 1, i -> new double[] {largest(in.get(0))}));
    }

    private Work scan() {
        DeviceTensor out = arena.output(type, rows, columns);
        return new Work(
                inputs(),
                in -> families.reductions().scan(stream, "sum", in.get(0).tensor(), 1, out),
                in -> check.rows(out, columns, i -> Exact.cumulativeSum(row(in.get(0), i))));
    }

    /** Descending, as sampling from a language model needs it. */
    private Work sort(int kept) {
        DeviceTensor values = arena.output(type, rows, kept);
        DeviceTensor indices = arena.output(ElementType.I64, rows, kept);
        return new Work(
                inputs(),
                in -> families.sorting().sort(stream, true, in.get(0).tensor(), 1, values, indices),
                in -> {
                    check.rows(
                            values,
                            kept,
                            i -> {
                                double[] row = row(in.get(0), i);
                                return order(row, kept).mapToDouble(j -> row[j]).toArray();
                            });
                    check.sameRows(
                            indices,
                            kept,
                            i -> order(row(in.get(0), i), kept).asDoubleStream().toArray());
                });
    }

    private static IntStream order(double[] row, int kept) {
        return Arrays.stream(Exact.order(row, true)).limit(kept);
    }
}
