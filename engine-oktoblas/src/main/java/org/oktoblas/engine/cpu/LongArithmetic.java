package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Arithmetic with longs, for all integers and truth values; results wrap to the data type when
 * stored.
 */
final class LongArithmetic extends Arithmetic<long[]> {

    static final LongArithmetic INSTANCE = new LongArithmetic(false);

    /** Moves 16-bit floats without looking at them. */
    static final LongArithmetic MOVING_SHORTS = new LongArithmetic(true);

    private final boolean movingShorts;

    private LongArithmetic(boolean movingShorts) {
        this.movingShorts = movingShorts;
    }

    @Override
    Elements<long[], ?> elements(CpuStorage storage, DataType type) {
        if (movingShorts) {
            return new IntegralElements.Shorts(storage);
        }
        return switch (type) {
            case INT8 -> IntegralElements.Bytes.signed(storage);
            case UINT8 -> IntegralElements.Bytes.unsigned(storage);
            case BOOLEAN -> IntegralElements.Bytes.truth(storage);
            case INT32 -> new IntegralElements.Ints(storage);
            case INT64 -> new IntegralElements.Longs(storage);
            default -> throw unsupported(type);
        };
    }

    @Override
    long[] scratch(int slot, int size) {
        return Scratch.get().longs(slot, size);
    }

    @Override
    long[][] matrix(int slot, int rows, int columns) {
        return Scratch.get().longMatrix(slot, rows, columns);
    }

    @Override
    void fill(Scalar value, long[] x, int n) {
        Arrays.fill(x, 0, n, value.integral());
    }

    @Override
    void sequence(Scalar start, Scalar step, long first, long[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = (start.integral() + (first + i) * step.integral());
        }
    }

    @Override
    void unary(UnaryOp op, long[] x, int n) {
        switch (op) {
            case NEGATE -> {
                for (int i = 0; i < n; i++) {
                    x[i] = -x[i];
                }
            }
            case ABS -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.abs(x[i]);
                }
            }
            case SIGN -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Long.signum(x[i]);
                }
            }
            case SQUARE -> {
                for (int i = 0; i < n; i++) {
                    x[i] = x[i] * x[i];
                }
            }
            case RELU -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.max(0, x[i]);
                }
            }
            case FLOOR, CEIL, ROUND, TRUNC -> {
                // Integers are what these would make of them.
            }
            default -> throw unsupported(op, "integer");
        }
    }

    @Override
    void test(UnaryOp op, long[] x, byte[] out, int n) {
        switch (op) {
            case IS_NAN, IS_INFINITE -> Arrays.fill(out, 0, n, (byte) 0);
            case LOGICAL_NOT -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] == 0 ? 1 : 0);
                }
            }
            default -> throw unsupported(op, "integer");
        }
    }

    @Override
    void binary(BinaryOp op, long[] x, long[] y, int n) {
        switch (op) {
            case ADD -> {
                for (int i = 0; i < n; i++) {
                    x[i] += y[i];
                }
            }
            case SUBTRACT -> {
                for (int i = 0; i < n; i++) {
                    x[i] -= y[i];
                }
            }
            case MULTIPLY -> {
                for (int i = 0; i < n; i++) {
                    x[i] *= y[i];
                }
            }
            case DIVIDE -> {
                for (int i = 0; i < n; i++) {
                    x[i] = divide(x[i], y[i]);
                }
            }
            case REMAINDER -> {
                for (int i = 0; i < n; i++) {
                    long rest = x[i] - divide(x[i], y[i]) * y[i];
                    x[i] = rest != 0 && rest < 0 != y[i] < 0 ? rest + y[i] : rest;
                }
            }
            case POWER -> {
                for (int i = 0; i < n; i++) {
                    x[i] = power(x[i], y[i]);
                }
            }
            case MAXIMUM -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.max(x[i], y[i]);
                }
            }
            case MINIMUM -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.min(x[i], y[i]);
                }
            }
            default -> throw unsupported(op, "integer");
        }
    }

    private static long divide(long x, long y) {
        if (y == 0) {
            throw new ArithmeticException("Integer division by zero in an array.");
        }
        return x / y;
    }

    /** Powers modulo 2^64; negative exponents give what truncation leaves of the fraction. */
    private static long power(long base, long exponent) {
        if (exponent < 0) {
            return base == 1 ? 1 : base == -1 ? (exponent & 1) == 0 ? 1 : -1 : 0;
        }
        long result = 1;
        long square = base;
        for (long rest = exponent; rest != 0; rest >>>= 1) {
            if ((rest & 1) != 0) {
                result *= square;
            }
            square *= square;
        }
        return result;
    }

    @Override
    void power(long[] x, Scalar y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = power(x[i], y.integral());
        }
    }

    @Override
    void compare(BinaryOp op, long[] x, long[] y, byte[] out, int n) {
        switch (op) {
            case EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] == y[i] ? 1 : 0);
                }
            }
            case NOT_EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] != y[i] ? 1 : 0);
                }
            }
            case LESS -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] < y[i] ? 1 : 0);
                }
            }
            case LESS_OR_EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] <= y[i] ? 1 : 0);
                }
            }
            case GREATER -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] > y[i] ? 1 : 0);
                }
            }
            case GREATER_OR_EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] >= y[i] ? 1 : 0);
                }
            }
            case LOGICAL_AND -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] != 0 && y[i] != 0 ? 1 : 0);
                }
            }
            case LOGICAL_OR -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] != 0 || y[i] != 0 ? 1 : 0);
                }
            }
            case LOGICAL_XOR -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] != 0 ^ y[i] != 0 ? 1 : 0);
                }
            }
            default -> throw unsupported(op, "integer");
        }
    }

    @Override
    void select(byte[] condition, long[] x, long[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = condition[i] != 0 ? x[i] : y[i];
        }
    }

    @Override
    void multiplyAdd(long[] factors, long[][] panel, long[] sums, int depth, int n) {
        int k = 0;
        for (; k + 3 < depth; k += 4) {
            multiplyAdd(
                    sums,
                    factors[k],
                    panel[k],
                    factors[k + 1],
                    panel[k + 1],
                    factors[k + 2],
                    panel[k + 2],
                    factors[k + 3],
                    panel[k + 3],
                    n);
        }
        for (; k < depth; k++) {
            multiplyAdd(sums, factors[k], panel[k], n);
        }
    }

    private static void multiplyAdd(
            long[] sums,
            long a,
            long[] x,
            long b,
            long[] y,
            long c,
            long[] z,
            long d,
            long[] w,
            int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += a * x[i] + b * y[i] + (c * z[i] + d * w[i]);
        }
    }

    private static void multiplyAdd(long[] sums, long a, long[] x, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += a * x[i];
        }
    }

    @Override
    void toFloats(long[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i];
        }
    }

    @Override
    void toDoubles(long[] x, double[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i];
        }
    }

    @Override
    void toLongs(long[] x, long[] out, int n) {
        System.arraycopy(x, 0, out, 0, n);
    }

    @Override
    void toTruths(long[] x, byte[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (byte) (x[i] != 0 ? 1 : 0);
        }
    }

    @Override
    <B> void convert(Arithmetic<B> kind, B x, long[] out, int n) {
        kind.toLongs(x, out, n);
    }
}
