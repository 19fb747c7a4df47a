package org.oktoblas.it.differential;

import ai.djl.ndarray.types.DataType;
import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** What numbers an operand holds. A seed makes the same ones for every engine. */
final class Values {

    /** Whole numbers −4 … 4: sums and products of a few are exact in every type. */
    static final Values SMALL = new Values("small", (r, type) -> (double) (r.nextInt(9) - 4));

    /** Quarters of −5 … 5, many of them equal and many halves, or numbers with all their digits. */
    static final Values REAL =
            new Values(
                    "real",
                    (r, type) ->
                            type.isFloating() && r.nextInt(4) == 0
                                    ? r.nextGaussian() * 3
                                    : type.isFloating()
                                            ? (r.nextInt(41) - 20) / 4.0
                                            : (double) (r.nextInt(19) - 9));

    /** Quarters of 1/4 … 5, or whole numbers from 1 on. */
    static final Values POSITIVE =
            new Values(
                    "positive",
                    (r, type) ->
                            type.isFloating()
                                    ? (r.nextInt(20) + 1) / 4.0
                                    : (double) (r.nextInt(9) + 1));

    /** Numbers of −1 … 1. */
    static final Values UNIT =
            new Values(
                    "unit",
                    (r, type) ->
                            type.isFloating() ? r.nextDouble() * 2 - 1 : (double) r.nextInt(3) - 1);

    /** As {@link #REAL}, with NaN, infinities, both zeros and the ends of the type's range. */
    static final Values SPECIAL = new Values("special", Values::special);

    /** As {@link #SPECIAL}, but integers as {@link #REAL}. */
    static final Values SPECIAL_FLOATS =
            new Values(
                    "special float",
                    (r, type) -> type.isFloating() ? special(r, type) : REAL.source.next(r, type));

    private interface Source {
        Number next(Random random, DataType type);
    }

    private final String name;
    private final Source source;

    private Values(String name, Source source) {
        this.name = name;
        this.source = source;
    }

    /** Whole numbers from the first to the last. */
    static Values between(long first, long last) {
        int count = Math.toIntExact(last - first + 1);
        return new Values(
                first + "…" + last, (r, type) -> first + (count < 1 ? 0 : r.nextInt(count)));
    }

    private static Number special(Random random, DataType type) {
        int kind = random.nextInt(16);
        if (type.isFloating()) {
            switch (kind) {
                case 0:
                    return Double.NaN;
                case 1:
                    return Double.POSITIVE_INFINITY;
                case 2:
                    return Double.NEGATIVE_INFINITY;
                case 3:
                    return -0.0;
                case 4:
                    return 0.0;
                case 5:
                    return largest(type);
                default:
                    return REAL.source.next(random, type);
            }
        }
        switch (kind) {
            case 0:
                return Long.MAX_VALUE;
            case 1:
                return Long.MIN_VALUE;
            case 2:
                return 0L;
            case 3:
                return -1L;
            default:
                return REAL.source.next(random, type);
        }
    }

    private static double largest(DataType type) {
        switch (type) {
            case FLOAT64:
                return Double.MAX_VALUE;
            case FLOAT16:
                return 65504;
            default:
                return Float.MAX_VALUE;
        }
    }

    boolean special() {
        return this == SPECIAL || this == SPECIAL_FLOATS;
    }

    /** Returns the bytes of so many numbers. */
    ByteBuffer bytes(int seed, DataType type, int count) {
        Random random = new Random(seed);
        ByteBuffer bytes = ByteBuffer.allocateDirect(count * type.getNumOfBytes());
        bytes.order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            put(bytes, source.next(random, type), type);
        }
        return bytes.rewind();
    }

    private static void put(ByteBuffer bytes, Number number, DataType type) {
        switch (type) {
            case FLOAT64:
                bytes.putDouble(number.doubleValue());
                break;
            case FLOAT32:
                bytes.putFloat(number.floatValue());
                break;
            case FLOAT16:
                bytes.putShort(half(number.floatValue()));
                break;
            case BFLOAT16:
                bytes.putShort((short) (Float.floatToIntBits(number.floatValue()) >>> 16));
                break;
            case INT64:
                bytes.putLong(number.longValue());
                break;
            case INT32:
                bytes.putInt((int) clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE));
                break;
            case INT8:
                bytes.put((byte) clamp(number, Byte.MIN_VALUE, Byte.MAX_VALUE));
                break;
            case UINT8:
                bytes.put((byte) clamp(Math.abs(number.doubleValue()), 0, 255));
                break;
            case BOOLEAN:
                bytes.put((byte) (number.longValue() & 1));
                break;
            default:
                throw new IllegalArgumentException("No values of type " + type);
        }
    }

    private static long clamp(Number number, long low, long high) {
        return Math.max(low, Math.min(high, number.longValue()));
    }

    private static short half(float value) {
        if (Float.isNaN(value)) {
            return 0x7e00;
        }
        if (Float.isInfinite(value)) {
            return (short) (value > 0 ? 0x7c00 : 0xfc00);
        }
        return Float16Utils.floatToHalf(value);
    }

    @Override
    public String toString() {
        return name;
    }
}
