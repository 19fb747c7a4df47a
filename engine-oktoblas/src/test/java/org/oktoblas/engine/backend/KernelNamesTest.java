package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.kernels.KernelLibrary;

/** The kernels know every elementwise operation of the engine by its name. */
class KernelNamesTest {

    private KernelLibrary library;

    @BeforeEach
    void open() {
        Optional<KernelLibrary> found = KernelLibrary.find();
        assumeTrue(found.isPresent(), "no nvcc: this build has no CUDA kernels");
        library = found.get();
    }

    private void assertKnown(Enum<?> op, List<String> families) {
        StringBuilder constant = new StringBuilder("op");
        for (String word : op.name().split("_")) {
            constant.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        for (String type : List.of("f32", "f64", "f16", "bf16")) {
            assertTrue(
                    families.stream()
                            .map(family -> library.kernel(family.replace("*", type)))
                            .anyMatch(kernel -> kernel.tile().containsKey(constant.toString())),
                    op + " " + type);
        }
    }

    @Test
    void allElementwiseOperationsAreThere() {
        for (UnaryOp op : UnaryOp.values()) {
            assertKnown(op, List.of("unary_*", "unary_*_costly", "predicate_*"));
        }
        for (BinaryOp op : BinaryOp.values()) {
            assertKnown(op, List.of("binary_*", "binary_*_costly", "predicate_*"));
        }
        for (RandomOp op : RandomOp.values()) {
            assertKnown(op, List.of("random_*"));
        }
    }
}
