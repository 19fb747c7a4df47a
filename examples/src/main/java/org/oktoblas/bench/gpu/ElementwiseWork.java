package org.oktoblas.bench.gpu;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Elementwise;
import org.oktoblas.kernels.KernelFamilies;

/** Elementwise operations and copies. */
final class ElementwiseWork extends CaseWork {

    ElementwiseWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        super(task, arena, check, families);
    }

    @Override
    Work make() {
        return switch (task.op()) {
            case "copy" -> copy();
            case "add" -> add();
            case "multiply" -> multiply();
            case "relu" -> unary("relu", x -> Math.max(x, 0));
            case "geluTanh" -> unary("geluTanh", Exact::geluTanh);
            case "exp" -> unary("exp", Math::exp);
            case "cast" -> cast();
            case "biasAdd" -> biasAdd();
            case "where" -> where();
            case "transpose" -> transpose();
            default -> throw new IllegalArgumentException("no work is named " + task.op());
        };
    }

    private Elementwise kernels() {
        return families.elementwise();
    }

    private List<List<Input>> inputs(int arrays) {
        return arena.sets(
                () -> {
                    Input[] set = new Input[arrays];
                    for (int i = 0; i < arrays; i++) {
                        set[i] = arena.input(type, task.dim(0));
                    }
                    return List.of(set);
                });
    }

    private Work copy() {
        DeviceTensor out = arena.output(type, task.dim(0));
        return new Work(
                inputs(1),
                in ->
                        stream.copy(
                                in.get(0).tensor().address(),
                                out.address(),
                                out.count() * type.bytes()),
                in -> check.elements(out, in.get(0)::at));
    }

    private Work add() {
        DeviceTensor out = arena.output(type, task.dim(0));
        return new Work(
                inputs(2),
                in -> kernels().binary(stream, "add", in.get(0).tensor(), in.get(1).tensor(), out),
                in -> check.elements(out, i -> in.get(0).at(i) + in.get(1).at(i)));
    }

    private Work multiply() {
        DeviceTensor out = arena.output(type, task.dim(0));
        return new Work(
                inputs(2),
                in ->
                        kernels()
                                .binary(
                                        stream,
                                        "multiply",
                                        in.get(0).tensor(),
                                        in.get(1).tensor(),
                                        out),
                in -> check.elements(out, i -> in.get(0).at(i) * in.get(1).at(i)));
    }

    private Work unary(String op, DoubleUnaryOperator exact) {
        DeviceTensor out = arena.output(type, task.dim(0));
        return new Work(
                inputs(1),
                in -> kernels().unary(stream, op, in.get(0).tensor(), out),
                in -> check.elements(out, i -> exact.applyAsDouble(in.get(0).at(i))));
    }

    private Work cast() {
        DeviceTensor out = arena.output(ElementType.F16, task.dim(0));
        return new Work(
                inputs(1),
                in -> kernels().copy(stream, in.get(0).tensor(), out),
                in -> check.of(Format.FP16).elements(out, in.get(0)::at));
    }

    private Work biasAdd() {
        int rows = task.dim(0);
        int columns = task.dim(1);
        DeviceTensor out = arena.output(type, rows, columns);
        return new Work(
                arena.sets(
                        () ->
                                List.of(
                                        arena.input(type, rows, columns),
                                        arena.input(type, columns))),
                in -> {
                    DeviceTensor bias =
                            in.get(1)
                                    .tensor()
                                    .with(0, new long[] {rows, columns}, new long[] {0, 1});
                    kernels().binary(stream, "add", in.get(0).tensor(), bias, out);
                },
                in -> check.elements(out, i -> in.get(0).at(i) + in.get(1).at(i % columns)));
    }

    private Work where() {
        int count = task.dim(0);
        DeviceTensor out = arena.output(type, count);
        return new Work(
                arena.sets(
                        () ->
                                List.of(
                                        arena.input(ElementType.BOOL, count),
                                        arena.input(type, count),
                                        arena.input(type, count))),
                in ->
                        kernels()
                                .where(
                                        stream,
                                        in.get(0).tensor(),
                                        in.get(1).tensor(),
                                        in.get(2).tensor(),
                                        out),
                in ->
                        check.elements(
                                out,
                                i -> in.get(0).at(i) != 0 ? in.get(1).at(i) : in.get(2).at(i)));
    }

    private Work transpose() {
        int rows = task.dim(0);
        int columns = task.dim(1);
        DeviceTensor out = arena.output(type, columns, rows);
        return new Work(
                arena.sets(() -> List.of(arena.input(type, rows, columns))),
                in -> {
                    DeviceTensor turned =
                            in.get(0)
                                    .tensor()
                                    .with(0, new long[] {columns, rows}, new long[] {1, columns});
                    kernels().copy(stream, turned, out);
                },
                in -> check.elements(out, i -> in.get(0).at(i % rows * columns + i / rows)));
    }
}
