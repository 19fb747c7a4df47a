package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * An operation of DJL, and all that is to be known to compare two engines by it.
 *
 * @param name the method as a user of DJL knows it
 * @param plan draws operands and parameters, and says what is called with them
 * @param tolerance how far results may differ
 * @param inPlace whether the result must be the first operand itself
 * @param differences where this engine is known to differ, and why
 * @param every of how many tries one is run: 1, or more for what is slow
 */
record Operation(
        String name,
        Plan plan,
        Tolerance tolerance,
        boolean inPlace,
        List<Difference> differences,
        int every) {

    /** Makes one case: draws operands, in order, and parameters; returns what is to be called. */
    interface Plan {
        Call call(Draw draw);
    }

    /**
     * Calls the operation on an engine's arrays. Returns arrays, an NDList of them, or what else
     * the operation returns.
     */
    interface Body {
        Object run(NDManager manager, NDArray[] x);
    }

    /**
     * What is called in a case.
     *
     * @param body the call
     * @param instead what the peer computes in its place, if it does not offer the call itself, or
     *     null
     * @param reference what the result is compared with if the peer refuses or is known to differ,
     *     or null
     */
    record Call(Body body, Body instead, Reference reference) {

        static Call of(Body body) {
            return new Call(body, null, null);
        }

        Call instead(Body other) {
            return new Call(body, other, reference);
        }

        Call reference(Reference other) {
            return new Call(body, instead, other);
        }
    }

    /** Where results differ from PyTorch's, and why that is right. */
    record Difference(String reason, Predicate<Case> where) {}

    static Operation of(String name, Tolerance tolerance, Plan plan) {
        return new Operation(name, plan, tolerance, false, List.of(), 1);
    }

    /** Returns the operation as one that changes its first operand and returns it. */
    Operation changing() {
        return new Operation(name, plan, tolerance, true, differences, every);
    }

    /** Returns the operation as a slow one, of which one of so many tries is run. */
    Operation slow(int tries) {
        return new Operation(name, plan, tolerance, inPlace, differences, tries);
    }

    /** Returns the operation with a known difference. */
    Operation known(String reason, Predicate<Case> where) {
        List<Difference> more = new ArrayList<>(differences);
        more.add(new Difference(reason, where));
        return new Operation(name, plan, tolerance, inPlace, more, every);
    }
}
