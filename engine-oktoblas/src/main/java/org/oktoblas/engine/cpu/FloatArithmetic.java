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
            case EXP -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Functions.exp(x[i]);
                }
            }
            case TANH -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Functions.tanh(x[i]);
                }
            }
            case SIGMOID -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Functions.sigmoid(x[i]);
                }
            }
            case SILU -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Functions.silu(x[i]);
                }
            }
            case GELU_TANH -> {
                for (int i = 0; i < n; i++) {
                    x[i] = Functions.geluTanh(x[i]);
                }
            }
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
    void test(UnaryOp op, float[] x, long[] out, int n) {
        switch (op) {
            case IS_NAN -> {
                for (int i = 0; i < n; i++) {
                    out[i] = Float.isNaN(x[i]) ? 1 : 0;
                }
            }
            case IS_INFINITE -> {
                for (int i = 0; i < n; i++) {
                    out[i] = Float.isInfinite(x[i]) ? 1 : 0;
                }
            }
            case LOGICAL_NOT -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] == 0 ? 1 : 0;
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
            case REMAINDER -> {
                for (int i = 0; i < n; i++) {
                    float rest = x[i] % y[i];
                    x[i] = rest != 0 && rest < 0 != y[i] < 0 ? rest + y[i] : rest;
                }
            }
            case POWER -> {
                for (int i = 0; i < n; i++) {
                    x[i] = (float) Math.pow(x[i], y[i]);
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
            for (int i = 0; i < n; i++) {
                x[i] = (float) Math.pow(x[i], y.real());
            }
        }
    }

    @Override
    void compare(BinaryOp op, float[] x, float[] y, long[] out, int n) {
        switch (op) {
            case EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] == y[i] ? 1 : 0;
                }
            }
            case NOT_EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] != y[i] ? 1 : 0;
                }
            }
            case LESS -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] < y[i] ? 1 : 0;
                }
            }
            case LESS_OR_EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] <= y[i] ? 1 : 0;
                }
            }
            case GREATER -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] > y[i] ? 1 : 0;
                }
            }
            case GREATER_OR_EQUAL -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] >= y[i] ? 1 : 0;
                }
            }
            case LOGICAL_AND -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] != 0 && y[i] != 0 ? 1 : 0;
                }
            }
            case LOGICAL_OR -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] != 0 || y[i] != 0 ? 1 : 0;
                }
            }
            case LOGICAL_XOR -> {
                for (int i = 0; i < n; i++) {
                    out[i] = x[i] != 0 ^ y[i] != 0 ? 1 : 0;
                }
            }
            default -> throw unsupported(op, "float");
        }
    }

    @Override
    void select(long[] condition, float[] x, float[] y, int n) {
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
    void toTruths(float[] x, long[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i] != 0 ? 1 : 0;
        }
    }

    @Override
    <B> void convert(Arithmetic<B> kind, B x, float[] out, int n) {
        kind.toFloats(x, out, n);
    }
}
