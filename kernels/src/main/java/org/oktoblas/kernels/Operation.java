package org.oktoblas.kernels;

import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import org.oktoblas.cuda.ElementType;

/**
 * What computes an elementwise operation on elements of a type. The kernels' constants say which
 * operations they have; nothing here touches a GPU.
 *
 * @param way how the operation is computed
 * @param kernel the kernel for any strides; null where none is needed
 * @param code the operation's code in that kernel
 */
record Operation(Way way, String kernel, int code) {

    /** Ways of computing. */
    enum Way {
        /** By a kernel that has a twin for groups of neighbours. */
        LIGHT,
        /** By a kernel of one element after another. */
        COSTLY,
        /** As a light one, with truth values as results. */
        PREDICATE,
        /** By a copy. */
        IDENTITY,
        /** False for all elements. */
        NEVER
    }

    private static final Set<String> ROUNDINGS = Set.of("floor", "ceil", "round", "trunc");

    /**
     * Finds an operation of one operand.
     *
     * @param op the engine's name in lower camel case
     * @param type the operand's type
     * @param library the kernels by their symbols
     * @throws UnsupportedOperationException if it is not defined for the type
     */
    static Operation unary(String op, ElementType type, Function<String, Kernel> library) {
        if (!type.isFloating()) {
            if (ROUNDINGS.contains(op)) {
                return new Operation(Way.IDENTITY, null, 0);
            }
            if (op.equals("isNan") || op.equals("isInfinite")) {
                return new Operation(Way.NEVER, null, 0);
            }
        }
        return find("unary", op, type, type.isFloating(), library);
    }

    /**
     * Finds an operation of two operands.
     *
     * @param op the engine's name in lower camel case
     * @param type the operands' type
     * @param library the kernels by their symbols
     * @throws UnsupportedOperationException if it is not defined for the type
     */
    static Operation binary(String op, ElementType type, Function<String, Kernel> library) {
        return find("binary", op, type, true, library);
    }

    private static Operation find(
            String family,
            String op,
            ElementType type,
            boolean hasCostly,
            Function<String, Kernel> library) {
        String light = family + "_" + type.suffix();
        Operation found = find(Way.LIGHT, light, op, library);
        if (found == null) {
            found = find(Way.PREDICATE, "predicate_" + type.suffix(), op, library);
        }
        if (found == null && hasCostly) {
            found = find(Way.COSTLY, light + "_costly", op, library);
        }
        if (found == null) {
            throw unsupported(
                    op.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT),
                    type.isFloating() ? "float" : "integer");
        }
        return found;
    }

    private static Operation find(
            Way way, String symbol, String op, Function<String, Kernel> library) {
        Integer code = library.apply(symbol).tile().get("op" + capitalized(op));
        return code == null ? null : new Operation(way, symbol, code);
    }

    /** Says that an operation has no meaning for a kind of arrays, in the words of all devices. */
    static UnsupportedOperationException unsupported(String operation, String kind) {
        return new UnsupportedOperationException(
                operation + " is not defined for " + kind + " arrays; convert them with toType.");
    }

    /** Returns a name as it continues the name of a constant. */
    static String capitalized(String name) {
        return Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }
}
