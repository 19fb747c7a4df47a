package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The manifest against the sources and the fatbins themselves. */
class KernelLibraryTest {

    private static final Path SOURCES = Path.of("src", "main", "cuda");
    private static final Pattern GLOBAL =
            Pattern.compile("__global__ void\\s+(?:__launch_bounds__\\([^)]*\\)\\s*)?(\\w+)\\(");

    private KernelLibrary library;

    @BeforeEach
    void open() {
        Optional<KernelLibrary> found = KernelLibrary.find();
        assumeTrue(found.isPresent(), "no nvcc: this build has no CUDA kernels");
        library = found.get();
    }

    @Test
    void namesEveryKernelOfTheSources() throws IOException {
        Set<String> declared = new HashSet<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cu")).toList()) {
                Matcher global = GLOBAL.matcher(Files.readString(file));
                while (global.find()) {
                    declared.add(global.group(1));
                }
            }
        }
        Set<String> listed = new HashSet<>();
        library.kernels().forEach(kernel -> listed.add(kernel.symbol()));
        assertEquals(declared, listed);
    }

    @Test
    void describesLayerNorm() {
        Kernel kernel = library.kernel("layernorm_f32");
        assertEquals("reduce", kernel.family());
        assertEquals(128, kernel.threads(), "four warps a block");
        assertEquals(4, kernel.tile().get("rowsPerBlock"));
        assertEquals(List.of(8, 8, 8, 8, 4, 4, 4), kernel.parameterBytes());
    }

    @Test
    void spillsNothing() {
        for (Kernel kernel : library.kernels()) {
            assertFalse(kernel.resources().isEmpty(), kernel.symbol());
            kernel.resources()
                    .forEach(
                            (arch, needs) -> {
                                String place = kernel.symbol() + " on sm_" + arch;
                                assertTrue(needs.registers() > 0, place);
                                assertEquals(0, needs.spillStoreBytes(), place);
                                assertEquals(0, needs.spillLoadBytes(), place);
                            });
        }
    }

    @Test
    void fatbinsHoldTheirKernels() {
        for (Kernel kernel : library.kernels()) {
            byte[] fatbin = library.fatbin(kernel);
            int magic = (fatbin[0] & 0xff) | (fatbin[1] & 0xff) << 8 | (fatbin[2] & 0xff) << 16;
            assertEquals(0x55ed50, magic, "a fatbin begins with 0xba55ed50");
            String text = new String(fatbin, StandardCharsets.ISO_8859_1);
            assertTrue(text.contains(kernel.symbol()), kernel.symbol() + " is in its fatbin");
        }
    }

    @Test
    void unknownKernelIsAnError() {
        NoSuchElementException error =
                assertThrows(NoSuchElementException.class, () -> library.kernel("nothing"));
        assertTrue(error.getMessage().contains("layernorm_f32"), error.getMessage());
    }
}
