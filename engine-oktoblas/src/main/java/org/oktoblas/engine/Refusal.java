package org.oktoblas.engine;

/**
 * What of DJL this engine refuses, and why: each reason is told by the exception and stands in
 * docs/operations.md.
 */
public enum Refusal {
    /** Arrays of the formats CSR, COO and row-sparse. */
    SPARSE(
            "its arrays are dense: make one by zeros(shape) and set the elements that are not zero,"
                    + " or by create from all of them; nonzero() finds them again"),

    /** Functions and orders of complex numbers. */
    COMPLEX(
            "complex numbers can be moved, added, multiplied, divided and transformed, and no more:"
                    + " take their abs(), or by real() their parts as floats along a new last axis"),

    /** Strings where numbers belong. */
    STRINGS(
            "an NDArray of strings is made by NDManager.create from a String or a String[] and has"
                    + " no numbers or bytes: it can be viewed in parts and other shapes, compared"
                    + " by contentEquals and read by toStringArray(), but not computed with"),

    /** Elements that neither backend has. */
    DATA_TYPES(
            "there are FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT8, UINT8, INT32, INT64, BOOLEAN,"
                    + " COMPLEX64 and STRING: convert the elements to one that holds them, such as"
                    + " INT32 for INT16"),

    /** What an engine may offer beyond DJL's methods, by its name. */
    NAMED_OPERATIONS(
            "it has no operations that are called by a name, only NDArray's and NDManager's"
                    + " methods"),

    /** What only training needs. */
    GRADIENTS(
            "this version computes no gradients and does not train: train on DJL's PyTorch engine,"
                    + " the parameters that Model.save writes there load here"),

    /** Models that are graphs of another engine. */
    SYMBOLS(
            "it has no symbolic models: set a Block and load its parameters, or load a model file of"
                    + " a format that it knows"),

    /** A stream has no folder around it that says what it is. */
    STREAM_WITHOUT_BLOCK(
            "it loads a model from a stream only into a block: set one first, or load from a path");

    private final String reason;

    Refusal(String reason) {
        this.reason = reason;
    }

    /** Returns why, and what to do instead. */
    public String reason() {
        return reason;
    }
}
