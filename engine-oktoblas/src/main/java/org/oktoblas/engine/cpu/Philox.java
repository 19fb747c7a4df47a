package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.Tensor;

/**
 * Random numbers by Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011).
 *
 * <p>Element i of a draw has the number c = counter + i. Block c / 2, with the key {low, high} half
 * of the seed and the counter words {low, high half of c / 2, 0, 0}, gives four words; the element
 * takes the first two if c is even, the last two if it is odd. Of its words u and v,
 *
 * <ul>
 *   <li>UNIFORM takes the highest bits of u·2^32 + v, as many as the data type's significand has
 *       (8, 11, 24, 53), as a fraction f, and gives first + f · (second − first);
 *   <li>NORMAL gives first + second · √(−2 ln((u + 1) · 2^−32)) · cos(2π · v · 2^−32);
 *   <li>INTEGER gives first + ⌊(u·2^32 + v) · (second − first) / 2^64⌋.
 * </ul>
 */
final class Philox {

    private static final long GRAIN = 1 << 12;
    private static final long MASK = 0xffffffffL;

    private Philox() {}

    static <A> void draw(
            Arithmetic<A> kind,
            RandomOp op,
            double first,
            double second,
            long seed,
            long counter,
            Tensor out) {
        View<A> target = kind.view(out);
        DataType type = out.dataType();
        Parallel.run(
                target.count(),
                GRAIN,
                (start, end) -> {
                    for (long i = start; i < end; i += Scratch.CHUNK) {
                        int n = (int) Math.min(Scratch.CHUNK, end - i);
                        A x = kind.scratch(0, n);
                        for (int j = 0; j < n; j++) {
                            long bits = bits(seed, counter + i + j);
                            set(x, j, op, type, first, second, bits);
                        }
                        target.store(i, n, x);
                    }
                });
    }

    private static void set(
            Object x, int at, RandomOp op, DataType type, double first, double second, long bits) {
        if (op == RandomOp.INTEGER) {
            long integer = integer((long) first, (long) second, bits);
            if (x instanceof long[] longs) {
                longs[at] = integer;
            } else if (x instanceof float[] floats) {
                floats[at] = integer;
            } else {
                ((double[]) x)[at] = integer;
            }
        } else if (x instanceof float[] floats) {
            floats[at] =
                    op == RandomOp.NORMAL
                            ? (float) normal(first, second, bits)
                            : uniform(first, second, bits, type);
        } else if (x instanceof double[] doubles) {
            double value =
                    op == RandomOp.NORMAL
                            ? normal(first, second, bits)
                            : first + (bits >>> 11) * 0x1p-53 * (second - first);
            doubles[at] =
                    op == RandomOp.UNIFORM && value >= second && first < second
                            ? Math.nextDown(second)
                            : value;
        } else {
            throw Arithmetic.unsupported("A " + op + " distribution", "integer");
        }
    }

    private static float uniform(double first, double second, long bits, DataType type) {
        int significand = type == DataType.FLOAT16 ? 11 : type == DataType.BFLOAT16 ? 8 : 24;
        double fraction = (bits >>> 64 - significand) * Math.scalb(1.0, -significand);
        float value = rounded((float) (first + fraction * (second - first)), type);
        // Rounding may have reached the upper end, which is not in the interval: the next lower
        // number of the data type is.
        return value >= second && first < second ? below(second, type) : value;
    }

    private static float rounded(float value, DataType type) {
        return switch (type) {
            case FLOAT16 -> Half.fromFloat16(Half.toFloat16(value));
            case BFLOAT16 -> Half.fromBfloat16(Half.toBfloat16(value));
            default -> value;
        };
    }

    /** The largest number of a data type that is less than a bound. */
    private static float below(double bound, DataType type) {
        float nearest = (float) bound;
        return switch (type) {
            case FLOAT16 -> {
                short bits = Half.toFloat16(nearest);
                float value = Half.fromFloat16(bits);
                yield value >= bound ? Half.fromFloat16(lower(bits, value)) : value;
            }
            case BFLOAT16 -> {
                short bits = Half.toBfloat16(nearest);
                float value = Half.fromBfloat16(bits);
                yield value >= bound ? Half.fromBfloat16(lower(bits, value)) : value;
            }
            default -> nearest >= bound ? Math.nextDown(nearest) : nearest;
        };
    }

    /** The next lower number's bits: sign and magnitude, so that all but 0 count up or down. */
    private static short lower(short bits, float value) {
        return (short) (value > 0 ? bits - 1 : value < 0 ? bits + 1 : 0x8001);
    }

    private static double normal(double mean, double deviation, long bits) {
        double u = ((bits >>> 32) + 1) * 0x1p-32;
        double v = (bits & MASK) * 0x1p-32;
        return mean + deviation * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    }

    private static long integer(long first, long second, long bits) {
        long range = second - first;
        // The upper half of the unsigned product; multiplyHigh takes its factors as signed.
        long high = Math.multiplyHigh(bits, range) + (bits >> 63 & range) + (range >> 63 & bits);
        return first + high;
    }

    /** Returns the 64 bits of the element with a number. */
    static long bits(long seed, long number) {
        long block = number >>> 1;
        int c0 = (int) block;
        int c1 = (int) (block >>> 32);
        int c2 = 0;
        int c3 = 0;
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < 10; round++) {
            long p0 = (c0 & MASK) * 0xD2511F53L;
            long p1 = (c2 & MASK) * 0xCD9E8D57L;
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return (number & 1) == 0 ? (long) c0 << 32 | c1 & MASK : (long) c2 << 32 | c3 & MASK;
    }
}
