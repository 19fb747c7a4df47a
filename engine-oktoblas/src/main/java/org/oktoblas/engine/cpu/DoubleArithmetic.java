package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.UnaryOp;

/** Arithmetic with doubles, for float64. */
final class DoubleArithmetic extends Arithmetic<double[]> {

    static final DoubleArithmetic INSTANCE = new DoubleArithmetic();

    private DoubleArithmetic() {}

    @Override
    Elements<double[], ?> elements(CpuStorage storage, DataType type) {
        if (type != DataType.FLOAT64) {
            throw unsupported(type);
        }
        return new FloatingElements.Float64(storage);
    }

    @Override
    double[] scratch(int slot, int size) {
        return Scratch.get().doubles(slot, size);
    }

    @Override
    double[][] matrix(int slot, int rows, int columns) {
        return Scratch.get().doubleMatrix(slot, rows, columns);
    }

    @Override
    void fill(Scalar value, double[] x, int n) {
        Arrays.fill(x, 0, n, value.real());
    }

    @Override
    void sequence(Scalar start, Scalar step, long first, double[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = (start.real() + (first + i) * step.real());
        }
    }

    @Override
    void unary(UnaryOp op, double[] x, int n) {
        switch (op) {
            case EXP -> DoubleFunctions.exp(x, n);
            case LOG -> DoubleFunctions.log(x, n);
            case SIN -> DoubleFunctions.sin(x, n);
            case COS -> DoubleFunctions.cos(x, n);
            case TAN -> DoubleFunctions.tan(x, n);
            default -> {
                DoubleUnaryOperator function = function(op);
                for (int i = 0; i < n; i++) {
                    x[i] = function.applyAsDouble(x[i]);
                }
            }
        }
    }

    private static DoubleUnaryOperator function(UnaryOp op) {
        return switch (op) {
            case NEGATE -> v -> -v;
            case ABS -> Math::abs;
            case SIGN -> Functions::sign;
            case SQUARE -> v -> v * v;
            case SQRT -> Math::sqrt;
            case CBRT -> Math::cbrt;
            case RECIPROCAL -> v -> 1 / v;
            case LOG10 -> Math::log10;
            case LOG2 -> Functions::log2;
            case ASIN -> Math::asin;
            case ACOS -> Math::acos;
            case ATAN -> Math::atan;
            case SINH -> Math::sinh;
            case COSH -> Math::cosh;
            case TANH -> Math::tanh;
            case ASINH -> Functions::asinh;
            case ACOSH -> Functions::acosh;
            case ATANH -> Functions::atanh;
            case FLOOR -> Math::floor;
            case CEIL -> Math::ceil;
            case ROUND -> Math::rint;
            case TRUNC -> v -> v < 0 ? Math.ceil(v) : Math.floor(v);
            case ERF -> Functions::erf;
            case ERF_INV -> Functions::erfInverse;
            case SIGMOID -> Functions::sigmoid;
            case RELU -> v -> Math.max(0, v);
            case GELU -> Functions::gelu;
            case GELU_TANH -> Functions::geluTanh;
            case SILU -> v -> v == Double.NEGATIVE_INFINITY ? 0 : v * Functions.sigmoid(v);
            default -> throw unsupported(op, "double");
        };
    }

    @Override
    void test(UnaryOp op, double[] x, byte[] out, int n) {
        switch (op) {
            case IS_NAN -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (Double.isNaN(x[i]) ? 1 : 0);
                }
            }
            case IS_INFINITE -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (Double.isInfinite(x[i]) ? 1 : 0);
                }
            }
            case LOGICAL_NOT -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] == 0 ? 1 : 0);
                }
            }
            default -> throw unsupported(op, "double");
        }
    }

    @Override
    void binary(BinaryOp op, double[] x, double[] y, int n) {
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
                    x[i] /= y[i];
                }
            }
            case REMAINDER -> {
                for (int i = 0; i < n; i++) {
                    double rest = x[i] % y[i];
                    x[i] = rest != 0 && rest < 0 != y[i] < 0 ? rest + y[i] : rest;
                }
            }
            case POWER -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Functions.pow(x[i], y[i]);
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
            case ATAN2 -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.atan2(x[i], y[i]);
                }
            }
            default -> throw unsupported(op, "double");
        }
    }

    @Override
    void power(double[] x, Scalar y, int n) {
        // The exponents that PyTorch multiplies out, too.
        if (y.real() == 2) {
            unary(UnaryOp.SQUARE, x, n);
        } else if (y.real() == 3) {
            for (int i = 0; i < n; i++) {
                x[i] = x[i] * x[i] * x[i];
            }
        } else if (y.real() == 0.5) {
            unary(UnaryOp.SQRT, x, n);
        } else {
            for (int i = 0; i < n; i++) {
                x[i] = Functions.pow(x[i], y.real());
            }
        }
    }

    @Override
    void compare(BinaryOp op, double[] x, double[] y, byte[] out, int n) {
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
            default -> throw unsupported(op, "double");
        }
    }

    @Override
    void select(byte[] condition, double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = condition[i] != 0 ? x[i] : y[i];
        }
    }

    @Override
    void multiplyAdd(double[] factors, double[][] panel, double[] sums, int depth, int n) {
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
            double[] sums,
            double a,
            double[] x,
            double b,
            double[] y,
            double c,
            double[] z,
            double d,
            double[] w,
            int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += a * x[i] + b * y[i] + (c * z[i] + d * w[i]);
        }
    }

    private static void multiplyAdd(double[] sums, double a, double[] x, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += a * x[i];
        }
    }

    @Override
    void toFloats(double[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (float) x[i];
        }
    }

    @Override
    void toDoubles(double[] x, double[] out, int n) {
        System.arraycopy(x, 0, out, 0, n);
    }

    @Override
    void toLongs(double[] x, long[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (long) x[i];
        }
    }

    @Override
    void toTruths(double[] x, byte[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (byte) (x[i] != 0 ? 1 : 0);
        }
    }

    @Override
    <B> void convert(Arithmetic<B> kind, B x, double[] out, int n) {
        kind.toDoubles(x, out, n);
    }
}
