package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Computing with heap arrays of one kind: float for data types of up to 32 bits, double, and long
 * for all integers. Every operation is written once a kind, whatever the data type in memory.
 *
 * @param <A> the array: float[], double[] or long[]
 */
abstract class Arithmetic<A> {

    /** Returns the arithmetic that computes with a data type. */
    static Arithmetic<?> of(DataType type) {
        return switch (type) {
            case FLOAT32, FLOAT16, BFLOAT16 -> FloatArithmetic.INSTANCE;
            case FLOAT64 -> DoubleArithmetic.INSTANCE;
            case INT8, UINT8, INT32, INT64, BOOLEAN -> LongArithmetic.INSTANCE;
            default -> throw unsupported(type);
        };
    }

    /** Returns the arithmetic that moves elements of a data type fastest, and bit by bit. */
    static Arithmetic<?> moving(DataType type) {
        return switch (type) {
            case FLOAT16, BFLOAT16 -> LongArithmetic.MOVING_SHORTS;
            case INT32 -> FloatArithmetic.INSTANCE;
            default -> of(type);
        };
    }

    static UnsupportedOperationException unsupported(DataType type) {
        return new UnsupportedOperationException(
                "OktoBLAS on the CPU has no arrays of data type "
                        + type
                        + "; it has float32, float16, bfloat16, float64, int8, uint8, int32, int64"
                        + " and boolean.");
    }

    static UnsupportedOperationException unsupported(Object operation, String kind) {
        return new UnsupportedOperationException(
                operation + " is not defined for " + kind + " arrays; convert them with toType.");
    }

    /** Returns a tensor as a sequence of this kind. */
    final View<A> view(Tensor tensor) {
        return new View<>(
                elements((CpuStorage) tensor.storage(), tensor.dataType()), tensor.layout());
    }

    abstract Elements<A, ?> elements(CpuStorage storage, DataType type);

    /** Returns the calling thread's array of a slot. */
    abstract A scratch(int slot, int size);

    /** Returns the calling thread's matrix of a slot, as rows; a slot always has one size. */
    abstract A[] matrix(int slot, int rows, int columns);

    abstract void fill(Scalar value, A x, int n);

    /** x[i] = start + (first + i) · step. */
    abstract void sequence(Scalar start, Scalar step, long first, A x, int n);

    /** x = op(x). */
    abstract void unary(UnaryOp op, A x, int n);

    /** out = op(x), for the predicates. */
    abstract void test(UnaryOp op, A x, byte[] out, int n);

    /** x = op(x, y). */
    abstract void binary(BinaryOp op, A x, A y, int n);

    /** x = x^y for one y. */
    abstract void power(A x, Scalar y, int n);

    /** out = op(x, y), for the predicates. */
    abstract void compare(BinaryOp op, A x, A y, byte[] out, int n);

    /** x = condition ? x : y. */
    abstract void select(byte[] condition, A x, A y, int n);

    /** sums += factors (depth) · panel (depth, n), in the order of the factors, four at a time. */
    abstract void multiplyAdd(A factors, A[] panel, A sums, int depth, int n);

    abstract void toFloats(A x, float[] out, int n);

    abstract void toDoubles(A x, double[] out, int n);

    abstract void toLongs(A x, long[] out, int n);

    /** out = x ≠ 0. */
    abstract void toTruths(A x, byte[] out, int n);

    /** Converts from another kind. */
    abstract <B> void convert(Arithmetic<B> kind, B x, A out, int n);
}
