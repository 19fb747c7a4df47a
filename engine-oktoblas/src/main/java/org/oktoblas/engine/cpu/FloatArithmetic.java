package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.UnaryOp;

/** Arithmetic with floats, for float32, float16 and bfloat16. */
final class FloatArithmetic extends Arithmetic<float[]> {

    static final FloatArithmetic INSTANCE = new FloatArithmetic();

    private FloatArithmetic() {}

    @Override
    Elements<float[], ?> elements(CpuStorage storage, DataType type) {
        return switch (type) {
            case FLOAT16 -> new FloatingElements.Float16(storage);
            case BFLOAT16 -> new FloatingElements.Bfloat16(storage);
            // INT32 is only ever moved as float.
            case FLOAT32, INT32 -> new FloatingElements.Float32(storage);
            default -> throw unsupported(type);
        };
    }

    @Override
    float[] scratch(int slot, int size) {
        return Scratch.get().floats(slot, size);
    }

    @Override
    float[][] matrix(int slot, int rows, int columns) {
        return Scratch.get().floatMatrix(slot, rows, columns);
    }

    @Override
    void fill(Scalar value, float[] x, int n) {
        Arrays.fill(x, 0, n, (float) value.real());
    }

    @Override
    void sequence(Scalar start, Scalar step, long first, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = (float) (start.real() + (first + i) * step.real());
        }
    }

    @Override
    void unary(UnaryOp op, float[] x, int n) {
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
            case SQUARE -> {
                for (int i = 0; i < n; i++) {
                    x[i] = x[i] * x[i];
                }
            }
            case SQRT -> {
                for (int i = 0; i < n; i++) {
                    x[i] = (float) Math.sqrt(x[i]);
                }
            }
            case RECIPROCAL -> {
                for (int i = 0; i < n; i++) {
                    x[i] = 1 / x[i];
                }
            }
            case RELU -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Math.max(0, x[i]);
                }
            }
            case EXP -> FloatFunctions.exp(x, n);
            case LOG -> FloatFunctions.log(x, n);
            case LOG2 -> FloatFunctions.log2(x, n);
            case LOG10 -> FloatFunctions.log10(x, n);
            case SIN -> FloatFunctions.sin(x, n);
            case COS -> FloatFunctions.cos(x, n);
            case TANH -> FloatFunctions.tanh(x, n);
            case SIGMOID -> FloatFunctions.sigmoid(x, n);
            case SILU -> FloatFunctions.silu(x, n);
            case GELU -> FloatFunctions.gelu(x, n);
            case GELU_TANH -> FloatFunctions.geluTanh(x, n);
            case ERF -> FloatFunctions.erf(x, n);
            case SIGN -> FloatFunctions.chunks(x, n, (bits, y, m) -> FloatRounding.sign(y, m));
            case ROUND -> FloatFunctions.chunks(x, n, (bits, y, m) -> FloatRounding.round(y, m));
            case FLOOR -> FloatFunctions.chunks(x, n, (bits, y, m) -> FloatRounding.floor(y, m));
            case CEIL -> FloatFunctions.chunks(x, n, (bits, y, m) -> FloatRounding.ceil(y, m));
            case TRUNC -> FloatFunctions.chunks(x, n, (bits, y, m) -> FloatRounding.trunc(y, m));
            default -> {
                double[] wide = Scratch.get().doubles(0, n);
                for (int i = 0; i < n; i++) {
                    wide[i] = x[i];
                }
                DoubleArithmetic.INSTANCE.unary(op, wide, n);
                for (int i = 0; i < n; i++) {
                    x[i] = (float) wide[i];
                }
            }
        }
    }

    @Override
    void test(UnaryOp op, float[] x, byte[] out, int n) {
        switch (op) {
            case IS_NAN -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (Float.isNaN(x[i]) ? 1 : 0);
                }
            }
            case IS_INFINITE -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (Float.isInfinite(x[i]) ? 1 : 0);
                }
            }
            case LOGICAL_NOT -> {
                for (int i = 0; i < n; i++) {
                    out[i] = (byte) (x[i] == 0 ? 1 : 0);
                }
            }
            default -> throw unsupported(op, "float");
        }
    }

    @Override
    void binary(BinaryOp op, float[] x, float[] y, int n) {
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
            case REMAINDER -> remainder(x, y, n);
            case POWER -> {
                double[] exponents = Scratch.get().doubles(1, n);
                toDoubles(y, exponents, n);
                power(x, exponents, n);
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
                    x[i] = (float) Math.atan2(x[i], y[i]);
                }
            }
            default -> throw unsupported(op, "float");
        }
    }

    @Override
    void power(float[] x, Scalar y, int n) {
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
            double[] exponents = Scratch.get().doubles(1, n);
            Arrays.fill(exponents, 0, n, y.real());
            power(x, exponents, n);
        }
    }

    private void power(float[] x, double[] exponents, int n) {
        double[] wide = Scratch.get().doubles(0, n);
        toDoubles(x, wide, n);
        DoubleFunctions.powerOfFloats(wide, exponents, n);
        for (int i = 0; i < n; i++) {
            x[i] = (float) wide[i];
        }
    }

    /** Remainders with the divisors' signs: in double, exact where quotients are small. */
    private void remainder(float[] x, float[] y, int n) {
        double[] rest = Scratch.get().doubles(0, n);
        double[] divisor = Scratch.get().doubles(1, n);
        toDoubles(x, rest, n);
        toDoubles(y, divisor, n);
        for (int i = 0; i < n; i++) {
            double quotient = Math.floor(rest[i] / divisor[i]);
            rest[i] -= quotient * divisor[i];
        }
        for (int i = 0; i < n; i++) {
            float a = x[i];
            float b = y[i];
            boolean exact =
                    Math.abs(a) < 0x1p28f * Math.abs(b)
                            && rest[i] * b > 0
                            && Math.abs(rest[i]) < Math.abs(b);
            x[i] = exact ? (float) rest[i] : remainder(a, b);
        }
    }

    private static float remainder(float x, float y) {
        float rest = x % y;
        return rest != 0 && rest < 0 != y < 0 ? rest + y : rest;
    }

    @Override
    void compare(BinaryOp op, float[] x, float[] y, byte[] out, int n) {
        switch (op) {
            case EQUAL, NOT_EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL ->
                    FloatComparisons.compare(op, x, y, out, n);
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
            default -> throw unsupported(op, "float");
        }
    }

    @Override
    void select(byte[] condition, float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = condition[i] != 0 ? x[i] : y[i];
        }
    }

    @Override
    void multiplyAdd(float[] factors, float[][] panel, float[] sums, int depth, int n) {
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
            float[] sums,
            float a,
            float[] x,
            float b,
            float[] y,
            float c,
            float[] z,
            float d,
            float[] w,
            int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += a * x[i] + b * y[i] + (c * z[i] + d * w[i]);
        }
    }

    private static void multiplyAdd(float[] sums, float a, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += a * x[i];
        }
    }

    @Override
    void toFloats(float[] x, float[] out, int n) {
        System.arraycopy(x, 0, out, 0, n);
    }

    @Override
    void toDoubles(float[] x, double[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i];
        }
    }

    @Override
    void toLongs(float[] x, long[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (long) x[i];
        }
    }

    @Override
    void toTruths(float[] x, byte[] out, int n) {
        FloatComparisons.toTruths(x, out, n);
    }

    @Override
    <B> void convert(Arithmetic<B> kind, B x, float[] out, int n) {
        kind.toFloats(x, out, n);
    }
}
