package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Operation.Way;

/** Which kernel computes what, without a GPU. */
class OperationTest {

    private static final List<String> ANY_UNARY =
            List.of(
                    "negate",
                    "abs",
                    "sign",
                    "square",
                    "relu",
                    "floor",
                    "ceil",
                    "round",
                    "trunc",
                    "logicalNot",
                    "isNan",
                    "isInfinite");

    private static final List<String> FLOAT_UNARY =
            List.of(
                    "sqrt",
                    "cbrt",
                    "reciprocal",
                    "exp",
                    "log",
                    "log10",
                    "log2",
                    "sin",
                    "cos",
                    "tan",
                    "asin",
                    "acos",
                    "atan",
                    "sinh",
                    "cosh",
                    "tanh",
                    "asinh",
                    "acosh",
                    "atanh",
                    "erf",
                    "erfInv",
                    "sigmoid",
                    "gelu",
                    "geluTanh",
                    "silu");

    private static final List<String> ANY_BINARY =
            List.of(
                    "add",
                    "subtract",
                    "multiply",
                    "divide",
                    "remainder",
                    "power",
                    "maximum",
                    "minimum",
                    "equal",
                    "notEqual",
                    "less",
                    "lessOrEqual",
                    "greater",
                    "greaterOrEqual",
                    "logicalAnd",
                    "logicalOr",
                    "logicalXor");

    private KernelLibrary library;

    @BeforeEach
    void open() {
        library = BuiltKernels.library();
    }

    private Operation unary(String op, ElementType type) {
        return Operation.unary(op, type, library::kernel);
    }

    private Operation binary(String op, ElementType type) {
        return Operation.binary(op, type, library::kernel);
    }

    @Test
    void everyTypeHasItsOperationsUnderCodesOfTheirOwn() {
        for (ElementType type : ElementType.values()) {
            Set<Operation> unary = new HashSet<>();
            ANY_UNARY.forEach(op -> unary.add(unary(op, type)));
            Set<Operation> binary = new HashSet<>();
            ANY_BINARY.forEach(op -> binary.add(binary(op, type)));
            if (type.isFloating()) {
                FLOAT_UNARY.forEach(op -> unary.add(unary(op, type)));
                unary.add(unary("cube", type));
                binary.add(binary("atan2", type));
                binary.add(binary("powerOfConstant", type));
                assertEquals(ANY_UNARY.size() + FLOAT_UNARY.size() + 1, unary.size());
                assertEquals(ANY_BINARY.size() + 2, binary.size());
            } else {
                // Four roundings are one copy, and two predicates are always false.
                assertEquals(ANY_UNARY.size() - 4, unary.size());
                assertEquals(ANY_BINARY.size(), binary.size());
            }
        }
    }

    @Test
    void kernelsAreChosenByWhatLimitsThem() {
        assertEquals(Way.LIGHT, unary("geluTanh", ElementType.F16).way());
        assertEquals("unary_f16", unary("geluTanh", ElementType.F16).kernel());
        assertEquals("unary_f64_costly", unary("erfInv", ElementType.F64).kernel());
        assertEquals("binary_bf16", binary("divide", ElementType.BF16).kernel());
        assertEquals("binary_i32_costly", binary("divide", ElementType.I32).kernel());
        assertEquals("predicate_bool", binary("logicalXor", ElementType.BOOL).kernel());
        assertEquals("predicate_f32", unary("isInfinite", ElementType.F32).kernel());
        assertEquals(Way.IDENTITY, unary("round", ElementType.U8).way());
        assertEquals(Way.NEVER, unary("isNan", ElementType.I64).way());
    }

    @Test
    void whatIntegersLackIsSaid() {
        for (String op : FLOAT_UNARY) {
            for (ElementType type : ElementType.values()) {
                if (!type.isFloating()) {
                    assertThrows(UnsupportedOperationException.class, () -> unary(op, type));
                }
            }
        }
        UnsupportedOperationException error =
                assertThrows(
                        UnsupportedOperationException.class, () -> unary("erfInv", ElementType.I8));
        assertEquals(
                "ERF_INV is not defined for integer arrays; convert them with toType.",
                error.getMessage());
        assertThrows(UnsupportedOperationException.class, () -> binary("atan2", ElementType.BOOL));
    }

    @Test
    void everyTypeAndSizeHasItsKernels() {
        for (ElementType type : ElementType.values()) {
            for (String family : List.of("unary", "binary", "predicate", "cast")) {
                Kernel kernel = library.kernel(family + "_" + type.suffix());
                Kernel vector = library.kernel(family + "_" + type.suffix() + "_vector");
                assertEquals(kernel.parameterBytes(), vector.parameterBytes());
                assertEquals(kernel.threads(), vector.threads());
                int width = kernel.constant("vector" + type.bytes());
                assertEquals(Math.min(8, 16 / type.bytes()), width, type.toString());
            }
            String name = Operation.capitalized(type.suffix());
            assertNotNull(library.kernel("cast_f32").tile().get("type" + name));
            library.kernel("arange_" + type.suffix());
            for (String op : List.of("uniform", "normal", "integer")) {
                library.kernel("random_" + type.suffix())
                        .constant("op" + Operation.capitalized(op));
            }
        }
        for (int bits = 8; bits <= 128; bits *= 2) {
            library.kernel("copy_" + bits);
            library.kernel("fill_" + bits);
            if (bits <= 64) {
                library.kernel("where_" + bits);
                library.kernel("where_" + bits + "_vector");
                library.kernel("transpose_" + bits);
            }
        }
    }
}
