package org.oktoblas.it.differential;

import ai.djl.ndarray.types.DataType;

/**
 * How far results in floating point may be from what they are compared with. Integers, booleans and
 * whatever is only moved have to be equal.
 */
interface Tolerance {

    /** What is moved, selected or compared: equal, NaN to NaN, and zeros of one sign. */
    Tolerance EXACT = (expected, type, scale) -> 0;

    /** What is the larger or the smaller of two: equal, but of two zeros either may be it. */
    Tolerance EQUAL = (expected, type, scale) -> Double.MIN_VALUE;

    /**
     * One operation that IEEE 754 rounds correctly. The 16-bit types are computed in wider ones and
     * rounded twice, which can end one unit away.
     */
    Tolerance ROUNDED = (expected, type, scale) -> half(type) ? unit(expected, type) : 0;

    /** Returns the distance allowed from an expected value. */
    double allowed(double expected, DataType type, Scale scale);

    /**
     * What a case's inputs are like.
     *
     * @param largest the largest finite magnitude among the operands, at least 1
     * @param terms the most elements that any operand has
     */
    record Scale(double largest, double terms) {}

    /**
     * Some units in the last place of the expected value: for functions that each side's library
     * computes to within a few units.
     */
    static Tolerance ulps(double count) {
        return (expected, type, scale) -> count * unit(expected, type);
    }

    /**
     * A sum of terms no larger than the largest operand to a power. Each of at most n additions
     * rounds by at most half a unit of a partial sum, which is at most n · largest; both sides do
     * so in another order. Since rounding errors rarely all have one sign, n units rather than n²
     * are allowed, and never fewer than 4.
     */
    static Tolerance sums(int power) {
        return (expected, type, scale) ->
                epsilon(type)
                        * Math.max(4, scale.terms)
                        * Math.max(Math.abs(expected), Math.pow(scale.largest, power));
    }

    /** An absolute error of some units of a number as large as the given one. */
    static Tolerance near(double size, double count) {
        return (expected, type, scale) ->
                count * Math.max(unit(expected, type), epsilon(type) * size);
    }

    private static boolean half(DataType type) {
        return type == DataType.FLOAT16 || type == DataType.BFLOAT16;
    }

    /** Returns the distance between 1 and the next number of a type. */
    static double epsilon(DataType type) {
        switch (type) {
            case FLOAT64:
                return 0x1p-52;
            case FLOAT16:
                return 0x1p-10;
            case BFLOAT16:
                return 0x1p-7;
            default:
                return 0x1p-23;
        }
    }

    /** Returns at least the distance between an expected value and the next number of its type. */
    static double unit(double expected, DataType type) {
        double smallest =
                switch (type) {
                    case FLOAT64 -> Double.MIN_VALUE;
                    case FLOAT16 -> 0x1p-24;
                    case BFLOAT16 -> 0x1p-133;
                    default -> Float.MIN_VALUE;
                };
        return Math.max(smallest, epsilon(type) * Math.abs(expected));
    }
}
