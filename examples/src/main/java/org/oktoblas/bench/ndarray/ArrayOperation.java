package org.oktoblas.bench.ndarray;

import java.util.List;
import java.util.Locale;

/**
 * An operation of DJL's arrays.
 *
 * @param name what it is called in reports
 * @param kind its sizes, and what its results are compared by
 * @param tolerance the largest difference between two engines' results, relative to their size
 * @param preparation makes the inputs and says what to call
 */
record ArrayOperation(String name, Kind kind, double tolerance, Preparation preparation) {

    /** What sets operations apart. */
    enum Kind {
        /** Returns a result of its own. */
        FRESH,
        /** Returns one of its inputs, which it changed. */
        IN_PLACE,
        /** Results are random: the engines' differ, but not their distributions. */
        RANDOM,
        /** A product of square matrices, whose sizes are their sides. */
        MATRIX_PRODUCT
    }

    /** One call of the operation. */
    interface Call {

        /** Returns the result: an array, a list of arrays or numbers of Java. */
        Object run();
    }

    /** Makes inputs. */
    interface Preparation {
        Call prepare(ArrayInputs inputs);
    }

    private static final List<Long> SIDES = List.of(64L, 128L, 256L, 512L, 1024L);

    /** Returns the sizes to run, given how many elements arrays should have. */
    List<Long> sizes(List<Long> elements, boolean quick) {
        if (kind != Kind.MATRIX_PRODUCT) {
            return elements;
        }
        return quick ? SIDES.subList(0, 2) : SIDES;
    }

    /** Returns the name of one size, which reports sum up by. */
    String sizeClass(long size) {
        return kind == Kind.MATRIX_PRODUCT
                ? "matrix products"
                : String.format(Locale.ROOT, "%,d", size);
    }

    /** Returns a case's name. */
    String caseName(long size) {
        return kind == Kind.MATRIX_PRODUCT
                ? "%s %dx%d".formatted(name, size, size)
                : String.format(Locale.ROOT, "%s %,d", name, size);
    }
}
