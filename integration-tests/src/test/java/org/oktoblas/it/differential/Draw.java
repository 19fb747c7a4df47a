package org.oktoblas.it.differential;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns a list of numbers, which jqwik draws and shrinks, into the operands and parameters of a
 * case. What a smaller number stands for is simpler, and 0 is simplest.
 */
final class Draw {

    static final DataType[] FLOATS = {DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16};

    static final DataType[] WIDE_FLOATS = {DataType.FLOAT32, DataType.FLOAT64};

    static final DataType[] INTEGERS = {
        DataType.INT32, DataType.INT64, DataType.INT8, DataType.UINT8
    };

    static final DataType[] NUMBERS = {
        DataType.FLOAT32,
        DataType.INT32,
        DataType.FLOAT64,
        DataType.INT64,
        DataType.FLOAT16,
        DataType.INT8,
        DataType.UINT8
    };

    static final DataType[] ALL = {
        DataType.FLOAT32,
        DataType.INT32,
        DataType.FLOAT64,
        DataType.INT64,
        DataType.FLOAT16,
        DataType.INT8,
        DataType.UINT8,
        DataType.BOOLEAN
    };

    static final DataType[] BOOLEAN = {DataType.BOOLEAN};

    static final DataType[] INDICES = {DataType.INT64, DataType.INT32};

    private static final Number[] ANY_NUMBERS = {
        2,
        2f,
        -3,
        0.5f,
        2L,
        2.5,
        (byte) 3,
        0,
        -1.5f,
        -2L,
        0f,
        0.1,
        1,
        0.3f,
        -0.25,
        (byte) -1,
        100,
        300,
        0.0,
        0L,
        (byte) 0,
        Float.NaN,
        Double.POSITIVE_INFINITY,
        1e10,
        Long.MAX_VALUE,
        (short) 3
    };

    private final List<Integer> choices;
    private final boolean bfloat16;
    private int next;
    final List<Operand> operands = new ArrayList<>();
    final List<String> notes = new ArrayList<>();

    /**
     * Draws from choices.
     *
     * @param bfloat16 whether 16-bit floats may be BFLOAT16
     */
    Draw(List<Integer> choices, boolean bfloat16) {
        this.choices = choices;
        this.bfloat16 = bfloat16;
    }

    /** Returns a number 0 … n − 1. */
    int below(int n) {
        int choice = next < choices.size() ? choices.get(next) : 0;
        next++;
        return choice % n;
    }

    /** Returns whether something happens that does once in n cases, and not in simple ones. */
    boolean oneIn(int n) {
        return below(n) == n - 1;
    }

    @SafeVarargs
    final <T> T of(T... options) {
        return options[below(options.length)];
    }

    /** Puts a parameter into the text of the case. */
    <T> T note(String name, T value) {
        String shown =
                value instanceof Number
                        ? value + " (" + value.getClass().getSimpleName() + ")"
                        : String.valueOf(value);
        notes.add(name + " " + shown);
        return value;
    }

    /** Returns whether a parameter of a name was noted with a value. */
    boolean noted(String name, Object value) {
        return notes.contains(name + " " + value);
    }

    long[] shape() {
        return shape(0, 5);
    }

    /** Returns a shape, sometimes with an axis of no or one element, rarely of many elements. */
    long[] shape(int minRank, int maxRank) {
        int rank = minRank + below(maxRank - minRank + 1);
        long[] shape = new long[rank];
        boolean large = rank > 0 && rank < 3 && oneIn(24);
        for (int i = 0; i < rank; i++) {
            shape[i] = large ? 30 + below(40 * (3 - rank) * (3 - rank)) : size();
        }
        return shape;
    }

    /** Returns the length of an axis: 0 … 7. */
    int size() {
        return of(1, 2, 3, 4, 2, 3, 5, 7, 1, 3, 2, 0);
    }

    /** Returns a shape that can be broadcast with another, and now and then one that cannot. */
    long[] partner(long... shape) {
        int kind = below(6);
        if (kind < 2) {
            return shape.clone();
        }
        int dropped = kind == 2 ? below(shape.length + 1) : 0;
        int added = kind == 3 ? below(Math.max(1, 6 - shape.length)) : 0;
        long[] partner = new long[added + shape.length - dropped];
        for (int i = 0; i < partner.length; i++) {
            long own = i < added ? 2 : shape[i - added + dropped];
            partner[i] = oneIn(3) ? 1 : own == 1 ? size() : own;
        }
        if (partner.length > 0 && oneIn(30)) {
            partner[below(partner.length)] = 6;
        }
        return partner;
    }

    /** Returns an axis, counted from the front or the back, and now and then one too many. */
    int axis(int rank) {
        int axes = Math.max(1, rank);
        int axis = oneIn(40) ? axes : below(2 * axes);
        return note("axis", axis <= axes ? axis == axes ? -1 : axis : axis - 2 * axes);
    }

    /** Returns an axis that there is. */
    int validAxis(int rank) {
        int axes = Math.max(1, rank);
        int axis = below(2 * axes);
        return note("axis", axis < axes ? axis : axis - 2 * axes);
    }

    /** Returns one or more different axes, counted from the front. */
    int[] axes(int rank) {
        List<Integer> axes = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            if (below(2) == 1 || axes.isEmpty() && i == rank - 1) {
                axes.add(i);
            }
        }
        note("axes", axes);
        return axes.stream().mapToInt(i -> i).toArray();
    }

    Operand array(DataType[] types, Values values) {
        return array(types, values, shape());
    }

    /** Draws the type and the layout of an operand of a shape. */
    Operand array(DataType[] types, Values values, long... shape) {
        DataType type = of(types);
        if (type == DataType.FLOAT16 && bfloat16 && below(2) == 1) {
            type = DataType.BFLOAT16;
        }
        return add(type, values, shape);
    }

    /** Draws the layout of an operand. */
    Operand add(DataType type, Values values, long... shape) {
        Operand.Layout layout =
                of(
                        Operand.Layout.CONTIGUOUS,
                        Operand.Layout.CONTIGUOUS,
                        Operand.Layout.TRANSPOSED,
                        Operand.Layout.SLICED,
                        Operand.Layout.SLICED,
                        Operand.Layout.BROADCAST);
        Operand operand = new Operand(type, new Shape(shape), layout, values, below(1000));
        operands.add(operand);
        return operand;
    }

    /** Draws the layout of an operand that can be written to: each element is its own. */
    Operand separate(DataType type, Values values, long... shape) {
        Operand.Layout layout =
                of(
                        Operand.Layout.CONTIGUOUS,
                        Operand.Layout.TRANSPOSED,
                        Operand.Layout.SLICED,
                        Operand.Layout.CONTIGUOUS);
        Operand operand = new Operand(type, new Shape(shape), layout, values, below(1000));
        operands.add(operand);
        return operand;
    }

    /** Draws ordinary or special values. */
    Values values() {
        return of(Values.REAL, Values.REAL, Values.SMALL, Values.SPECIAL);
    }

    /** Draws a number of any Java type that DJL knows. */
    Number number() {
        return note("number", of(ANY_NUMBERS));
    }

    /** Draws a number that every type can hold, but for what is behind the point or its sign. */
    Number tameNumber() {
        return note("number", of(2, 2f, -3, 0.5f, 2L, 2.5, (byte) 3, 0, -1.5f, -2L, 0.1, 1, 100));
    }

    boolean flag(String name) {
        return note(name, below(2) == 1);
    }
}
