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
                        long[] bits = Scratch.get().longs(1, n);
                        bits(seed, counter + i, bits, n);
                        if (op == RandomOp.NORMAL) {
                            normal(first, second, bits, n);
                            round(kind, x, n);
                        } else {
                            for (int j = 0; j < n; j++) {
                                set(x, j, op, type, first, second, bits[j]);
                            }
                        }
                        target.store(i, n, x);
                    }
                });
    }

    /** Writes the normal numbers of words of bits to the doubles of slot 0. */
    private static void normal(double mean, double deviation, long[] bits, int n) {
        double[] radius = Scratch.get().doubles(0, n);
        double[] angle = Scratch.get().doubles(1, n);
        for (int i = 0; i < n; i++) {
            radius[i] = ((bits[i] >>> 32) + 1) * 0x1p-32;
            angle[i] = 2 * Math.PI * ((bits[i] & MASK) * 0x1p-32);
        }
        DoubleFunctions.log(radius, n);
        DoubleFunctions.cos(angle, n);
        for (int i = 0; i < n; i++) {
            radius[i] = mean + deviation * Math.sqrt(-2 * radius[i]) * angle[i];
        }
    }

    /** Converts the doubles of slot 0. */
    private static <A> void round(Arithmetic<A> kind, A x, int n) {
        double[] wide = Scratch.get().doubles(0, n);
        if (x instanceof double[] doubles) {
            System.arraycopy(wide, 0, doubles, 0, n);
        } else if (x instanceof float[]) {
            kind.convert(DoubleArithmetic.INSTANCE, wide, x, n);
        } else {
            throw Arithmetic.unsupported("A normal distribution", "integer");
        }
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
            floats[at] = uniform(first, second, bits, type);
        } else if (x instanceof double[] doubles) {
            double value = first + (bits >>> 11) * 0x1p-53 * (second - first);
            doubles[at] = value >= second && first < second ? Math.nextDown(second) : value;
        } else {
            throw Arithmetic.unsupported("A " + op + " distribution", "integer");
        }
    }

    private static float uniform(double first, double second, long bits, DataType type) {
        double fraction =
                switch (type) {
                    case FLOAT16 -> (bits >>> 53) * 0x1p-11;
                    case BFLOAT16 -> (bits >>> 56) * 0x1p-8;
                    default -> (bits >>> 40) * 0x1p-24;
                };
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

    private static long integer(long first, long second, long bits) {
        long range = second - first;
        // The upper half of the unsigned product; multiplyHigh takes its factors as signed.
        long high = Math.multiplyHigh(bits, range) + (bits >> 63 & range) + (range >> 63 & bits);
        return first + high;
    }

    /** Returns the 64 bits of the element with a number. */
    static long bits(long seed, long number) {
        long[] bits = new long[1];
        bits(seed, number, bits, 1);
        return bits[0];
    }

    /**
     * Writes the 64 bits of n elements, numbered from one on; both elements of a block at a time.
     */
    private static void bits(long seed, long number, long[] bits, int n) {
        Scratch scratch = Scratch.get();
        int blocks = n / 2 + 1;
        long[] c0 = scratch.longs(2, blocks);
        long[] c1 = scratch.longs(3, blocks);
        long[] c2 = scratch.longs(4, blocks);
        long[] c3 = scratch.longs(5, blocks);
        long first = number >>> 1;
        for (int i = 0; i < blocks; i++) {
            c0[i] = first + i & MASK;
            c1[i] = first + i >>> 32;
            c2[i] = 0;
            c3[i] = 0;
        }
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < 10; round++) {
            turn(c0, c1, c2, c3, k0 & MASK, k1 & MASK, blocks);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        for (int i = 0, at = -(int) (number & 1); i < blocks; i++, at += 2) {
            if (at >= 0 && at < n) {
                bits[at] = c0[i] << 32 | c1[i];
            }
            if (at + 1 < n) {
                bits[at + 1] = c2[i] << 32 | c3[i];
            }
        }
    }

    /** One round of many blocks, their words in the lower halves of longs. */
    private static void turn(
            long[] c0, long[] c1, long[] c2, long[] c3, long k0, long k1, int blocks) {
        for (int i = 0; i < blocks; i++) {
            long p0 = c0[i] * 0xD2511F53L;
            long p1 = c2[i] * 0xCD9E8D57L;
            c0[i] = p1 >>> 32 ^ c1[i] ^ k0;
            c1[i] = p1 & MASK;
            c2[i] = p0 >>> 32 ^ c3[i] ^ k1;
            c3[i] = p0 & MASK;
        }
    }
}
