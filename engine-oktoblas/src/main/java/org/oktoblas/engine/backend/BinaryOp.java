package org.oktoblas.engine.backend;

/**
 * Elementwise functions of two arguments. Both tensors have one data type; the result has it too,
 * except that comparisons and logic write BOOLEAN.
 */
public enum BinaryOp {
    ADD,
    SUBTRACT,
    MULTIPLY,
    /** True division for floating point; truncation towards zero for integers. */
    DIVIDE,
    /** Remainder with the sign of the divisor, as PyTorch's remainder. */
    REMAINDER,
    POWER,
    MAXIMUM,
    MINIMUM,
    ATAN2,
    EQUAL(true),
    NOT_EQUAL(true),
    LESS(true),
    LESS_OR_EQUAL(true),
    GREATER(true),
    GREATER_OR_EQUAL(true),
    LOGICAL_AND(true),
    LOGICAL_OR(true),
    LOGICAL_XOR(true);

    private final boolean predicate;

    BinaryOp() {
        this(false);
    }

    BinaryOp(boolean predicate) {
        this.predicate = predicate;
    }

    /** Returns whether the result is BOOLEAN. */
    public boolean isPredicate() {
        return predicate;
    }
}
