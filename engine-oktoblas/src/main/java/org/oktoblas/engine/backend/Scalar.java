package org.oktoblas.engine.backend;

/**
 * One number, passed by value. Integral primitives read {@link #integral()}, the others {@link
 * #real()}.
 *
 * @param real the number as a double
 * @param integral the number as a long, exact for every INT64 value
 */
public record Scalar(double real, long integral) implements Operand {

    /** Returns the scalar of a boxed number, exact for longs and doubles alike. */
    public static Scalar of(Number number) {
        return new Scalar(number.doubleValue(), number.longValue());
    }
}
