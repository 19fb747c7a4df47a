package org.oktoblas.cuda;

/** Sizes of kernels' structs, for tests of those who write them. */
public final class ArgumentSizes {

    private ArgumentSizes() {}

    /** Returns the size of a struct. */
    public static int of(Arguments arguments) {
        return arguments.size();
    }
}
