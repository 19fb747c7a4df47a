package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Rounds contiguous float32 to binary16 where {@link JavaFloat16} is not there: two neighbours at a
 * time, the halves of a long, as the JIT vectorises all but the last step and that then takes half
 * as many. Both orders of bytes keep the neighbours in their order.
 */
final class Float16Pairs {

    /** Pairs at a time; {@link Bits} has room for their numbers. */
    private static final int CHUNK = Scratch.CHUNK / 2;

    /** So many pairs of a chunk may be other than zero and normal, to be rounded by themselves. */
    private static final int FEW = 8;

    /** Pairs worth another thread. */
    private static final long GRAIN = 1 << 14;

    // The same number in both halves of a long.

    private static final long SIGNS = both(0x80000000);
    private static final long MAGNITUDES = ~SIGNS;
    private static final long LOW_BITS = both(1);
    private static final long HALVES = both(0xffff);
    private static final long HALF_SIGNS = both(0x8000);

    /** The bits of 2^-14. */
    private static final long LEAST_NORMAL = both(0x38800000);

    /** The bits before those of 65520, which rounds to infinity. */
    private static final long LARGEST_FINITE = both(0x477fefff);

    /** The difference of the exponents' biases less what rounds to nearest, ties to even. */
    private static final long BIAS = both(0x38000000 - 0xfff);

    private Float16Pairs() {}

    private static long both(int bits) {
        return (long) bits << 32 | bits & 0xffffffffL;
    }

    /** Returns whether a conversion is done here. */
    static boolean suits(Tensor in, Tensor out) {
        return !JavaFloat16.isThere()
                && in.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT16
                && isPairs(in.layout())
                && isPairs(out.layout());
    }

    private static boolean isPairs(Layout layout) {
        return layout.isContiguous() && layout.offset() % 2 == 0 && layout.count() % 2 == 0;
    }

    /** Converts what suits. */
    static void convert(Tensor in, Tensor out) {
        long pairs = in.layout().count() / 2;
        Layout whole = new Layout(new long[] {pairs}, new long[] {1}, in.layout().offset() / 2);
        View<long[]> source =
                new View<>(new IntegralElements.Longs((CpuStorage) in.storage()), whole);
        CpuStorage storage = (CpuStorage) out.storage();
        IntBuffer[] windows = new IntBuffer[storage.windowCount()];
        Arrays.setAll(windows, i -> storage.window(i).asIntBuffer());
        long first = out.layout().offset() / 2;
        Parallel.run(
                pairs,
                GRAIN,
                (start, end) -> {
                    long[] x = Scratch.get().longs(0, CHUNK);
                    for (long i = start; i < end; i += CHUNK) {
                        int n = (int) Math.min(CHUNK, end - i);
                        source.load(i, n, x);
                        int window = storage.windowAt((first + i) * Integer.BYTES);
                        long place = first + i - CpuStorage.windowStart(window) / Integer.BYTES;
                        // A buffer of its own, so that an index alone says which element it is.
                        store(x, windows[window].slice((int) place, n));
                    }
                });
    }

    /** Rounds as many pairs as there is room for. */
    static void store(long[] pairs, IntBuffer target) {
        int n = target.capacity();
        Bits bits = Bits.get();
        round(pairs, bits.otherLongs, Scratch.computed(n));
        int others = 0;
        for (int i = narrow(bits.otherLongs, target, 0, n);
                i < n;
                i = narrow(bits.otherLongs, target, i + 1, n)) {
            if (++others > FEW) {
                storeAll(pairs, target, n);
                return;
            }
            target.put(i, pair(half((int) pairs[i]), half((int) (pairs[i] >>> 32))));
        }
    }

    private static short half(int bits) {
        return Half.toFloat16(Float.intBitsToFloat(bits));
    }

    private static int pair(short low, short high) {
        return high << 16 | low & 0xffff;
    }

    /** Rounds pairs of any numbers. */
    private static void storeAll(long[] pairs, IntBuffer target, int n) {
        Bits bits = Bits.get();
        bits.toInts(pairs, n);
        HalfArrays.anyToFloat16(bits, 2 * n);
        int low = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 0 : 1;
        for (int i = 0; i < n; i++) {
            target.put(i, pair(bits.shorts[2 * i + low], bits.shorts[2 * i + 1 - low]));
        }
    }

    /**
     * Rounds to 0 and the normal numbers of binary16, as most are, in the lower half of each
     * result; a result is negative where that is not right. Sums and differences do not reach from
     * one half of a long into the other: the bit of the sign is free, and takes what they carry.
     */
    private static void round(long[] pairs, long[] results, int n) {
        for (int i = 0; i < n; i++) {
            long pair = pairs[i];
            long magnitude = pair & MAGNITUDES;
            // Comparisons are bits of signs here.
            long raised = magnitude | SIGNS;
            long normal = raised - LEAST_NORMAL & (SIGNS | LARGEST_FINITE) - magnitude;
            long nonzero = magnitude + MAGNITUDES & SIGNS;
            long other = nonzero & ~normal;
            long rounded = raised - BIAS + (pair >>> 13 & LOW_BITS) >>> 13;
            long kept = rounded & nonzero - (nonzero >>> 31) & HALVES | pair >>> 16 & HALF_SIGNS;
            results[i] =
                    (kept | kept >>> 16) & 0xffffffffL | (other | other << 32) & Long.MIN_VALUE;
        }
    }

    /**
     * Stores the lower halves of longs from one on, and returns where a negative one stands, or n.
     */
    private static int narrow(long[] values, IntBuffer target, int start, int n) {
        for (int i = start; i < n; i++) {
            long value = values[i];
            if (value < 0) {
                return i;
            }
            target.put(i, (int) value);
        }
        return n;
    }
}
