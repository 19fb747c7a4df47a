package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import org.oktoblas.it.differential.Operation.Call;

/** Products of vectors and matrices. */
final class ProductOperations {

    private ProductOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(matMul("NDArray.matMul(NDArray)", NDArray::matMul));
        list.add(matMul("NDArrays.matMul(NDArray, NDArray)", NDArrays::matMul));
        list.add(
                Operation.of(
                        "NDArray.batchMatMul(NDArray)",
                        Tolerance.sums(2),
                        draw -> {
                            int batch = draw.size();
                            int inner = draw.size();
                            DataType type = draw.of(Draw.NUMBERS);
                            draw.add(type, Values.REAL, batch, draw.size(), inner);
                            int other = draw.oneIn(12) ? inner + 1 : inner;
                            draw.add(type, Values.REAL, batch, other, draw.size());
                            return Call.of((m, x) -> x[0].batchMatMul(x[1]));
                        }));
        list.add(dot("NDArray.dot(NDArray)", NDArray::dot));
        list.add(dot("NDArrays.dot(NDArray, NDArray)", NDArrays::dot));
        return list;
    }

    /** Operands of every pair of ranks, whose leading axes broadcast. */
    private static Operation matMul(String name, BinaryOperator<NDArray> body) {
        return Operation.of(
                        name,
                        Tolerance.sums(2),
                        draw -> {
                            boolean large = draw.oneIn(12);
                            int inner = large ? 40 + draw.below(60) : draw.size();
                            int rows = large ? 1 + draw.below(50) : draw.size();
                            int columns = large ? 1 + draw.below(50) : draw.size();
                            long[] lead = large ? new long[0] : draw.shape(0, 2);
                            int left = draw.below(3);
                            int right = draw.below(3);
                            long[] other = draw.partner(lead);
                            DataType type = draw.of(Draw.NUMBERS);
                            draw.add(type, Values.REAL, matrix(left, lead, rows, inner, false));
                            int fits = draw.oneIn(15) ? inner + 1 : inner;
                            DataType second = draw.oneIn(10) ? draw.of(Draw.ALL) : type;
                            draw.add(
                                    second, Values.REAL, matrix(right, other, fits, columns, true));
                            return Call.of((m, x) -> body.apply(x[0], x[1]));
                        })
                .known(
                        "types are brought together here; PyTorch refuses different ones, unless"
                                + " there is nothing to multiply",
                        c -> c.operand(0).type() != c.operand(1).type());
    }

    /** Returns the shape of a matrix (kind 0), of a vector (1), or of many matrices (2). */
    private static long[] matrix(int kind, long[] lead, long rows, long columns, boolean right) {
        if (kind == 1) {
            return new long[] {right ? rows : columns};
        }
        int axes = kind == 0 ? 0 : lead.length;
        long[] shape = new long[axes + 2];
        System.arraycopy(lead, 0, shape, 0, axes);
        shape[axes] = rows;
        shape[axes + 1] = columns;
        return shape;
    }

    private static Operation dot(String name, BinaryOperator<NDArray> body) {
        return Operation.of(
                name,
                Tolerance.sums(2),
                draw -> {
                    int rank = draw.of(1, 2, 1, 2, 0, 3);
                    long[] shape = draw.shape(rank, rank);
                    long[] other = shape.clone();
                    if (rank == 2) {
                        other[0] = shape[1];
                        other[1] = draw.size();
                    }
                    DataType type = draw.of(Draw.NUMBERS);
                    draw.add(type, Values.REAL, shape);
                    draw.add(type, Values.REAL, other);
                    return Call.of((m, x) -> body.apply(x[0], x[1]));
                });
    }
}
