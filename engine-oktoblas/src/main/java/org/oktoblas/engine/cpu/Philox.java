package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
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

    /** So few at a time that the eight arrays of longs and doubles fit the L1 cache. */
    private static final int CHUNK = Scratch.CHUNK / 2;

    private static final long MASK = 0xffffffffL;
    private static final long FACTOR_P = 0xD2511F53L;
    private static final long FACTOR_Q = 0xCD9E8D57L;

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
                    for (long i = start; i < end; i += CHUNK) {
                        int n = (int) Math.min(CHUNK, end - i);
                        int computed = Scratch.computed(n);
                        A x = kind.scratch(0, computed);
                        long[] bits = Scratch.get().longs(1, computed);
                        bits(seed, counter + i, bits, computed);
                        switch (op) {
                            case NORMAL -> {
                                normal(first, second, bits, computed);
                                round(kind, x, computed);
                            }
                            case UNIFORM -> uniform(type, first, second, bits, x, computed);
                            default -> integers((long) first, (long) second, bits, x, computed);
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
        DoubleFunctions.logOfNormal(radius, n);
        DoubleFunctions.cosOfTurn(angle, n);
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

    private static void integers(long first, long second, long[] bits, Object x, int n) {
        for (int i = 0; i < n; i++) {
            long integer = integer(first, second, bits[i]);
            if (x instanceof long[] longs) {
                longs[i] = integer;
            } else if (x instanceof float[] floats) {
                floats[i] = integer;
            } else {
                ((double[]) x)[i] = integer;
            }
        }
    }

    private static void uniform(
            DataType type, double first, double second, long[] bits, Object x, int n) {
        if (x instanceof float[] floats) {
            uniformFloats(type, first, second, bits, floats, n);
        } else if (x instanceof double[] doubles) {
            double range = second - first;
            for (int i = 0; i < n; i++) {
                double value = first + (bits[i] >>> 11) * 0x1p-53 * range;
                doubles[i] = value >= second && first < second ? Math.nextDown(second) : value;
            }
        } else {
            throw Arithmetic.unsupported("A uniform distribution", "integer");
        }
    }

    private static void uniformFloats(
            DataType type, double first, double second, long[] bits, float[] x, int n) {
        int digits =
                switch (type) {
                    case FLOAT16 -> 11;
                    case BFLOAT16 -> 8;
                    default -> 24;
                };
        int shift = Long.SIZE - digits;
        double unit = 1.0 / (1 << digits);
        double range = second - first;
        for (int i = 0; i < n; i++) {
            x[i] = (float) (first + (bits[i] >>> shift) * unit * range);
        }
        if (type != DataType.FLOAT32) {
            for (int i = 0; i < n; i++) {
                x[i] = rounded(x[i], type);
            }
        }
        if (first < second) {
            // Rounding may have reached the upper end, which is not in the interval: the next
            // lower number of the data type is.
            float last = below(second, type);
            for (int i = 0; i < n; i++) {
                x[i] = Math.min(x[i], last);
            }
        }
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
     *
     * <p>Of each round only the two products are kept. Their lower halves are the second and fourth
     * word of a block as it leaves the round; what becomes of their upper halves needs the products
     * before. Every loop writes one array of its own, as the JIT vectorises no other.
     */
    private static void bits(long seed, long number, long[] bits, int n) {
        Scratch scratch = Scratch.get();
        int blocks = n / 2 + 1;
        long[] p = scratch.longs(2, blocks);
        long[] lastP = scratch.longs(3, blocks);
        long[] q = scratch.longs(4, blocks);
        long[] lastQ = scratch.longs(5, blocks);
        long[] next = scratch.longs(6, blocks);
        long first = number >>> 1;
        for (int i = 0; i < blocks; i++) {
            p[i] = (first + i & MASK) * FACTOR_P;
            lastQ[i] = first + i >>> 32;
        }
        Arrays.fill(q, 0, blocks, 0);
        Arrays.fill(lastP, 0, blocks, 0);
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 1; round < 10; round++) {
            multiply(q, lastQ, k0 & MASK, FACTOR_P, next, blocks);
            multiply(p, lastP, k1 & MASK, FACTOR_Q, lastQ, blocks);
            long[] free = lastP;
            lastP = p;
            p = next;
            next = free;
            long[] newest = lastQ;
            lastQ = q;
            q = newest;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        multiply(q, lastQ, k0 & MASK, 1, next, blocks);
        multiply(p, lastP, k1 & MASK, 1, lastQ, blocks);
        // A draw that begins within a block has its second element first.
        int skipped = (int) (number & 1);
        for (int i = skipped, at = skipped; at < n; i++, at += 2) {
            bits[at] = next[i] << 32 | q[i] & MASK;
        }
        for (int i = 0, at = 1 - skipped; at < n; i++, at += 2) {
            bits[at] = lastQ[i] << 32 | p[i] & MASK;
        }
    }

    /** The words that follow from the products of the last two rounds, times a factor. */
    private static void multiply(
            long[] product, long[] before, long key, long factor, long[] out, int blocks) {
        for (int i = 0; i < blocks; i++) {
            out[i] = (product[i] >>> 32 ^ before[i] & MASK ^ key) * factor;
        }
    }
}
