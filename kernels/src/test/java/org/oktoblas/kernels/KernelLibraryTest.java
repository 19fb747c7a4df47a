package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The manifest against the sources and the fatbins themselves. */
@Tag("sources")
class KernelLibraryTest {

    private static final Path SOURCES = Path.of("src", "main", "cuda");
    private static final Pattern GLOBAL = Pattern.compile("__global__\\s+void\\b");
    private static final Pattern ATTRIBUTE =
            Pattern.compile("[\\s\\\\]*__(?:launch_bounds|cluster_dims)__\\s*(?=\\()");
    private static final Pattern NAME = Pattern.compile("\\b([\\w#]+)\\s*\\(\\s*(?:const|\\w)");

    private KernelLibrary library;

    @BeforeEach
    void open() {
        library = BuiltKernels.library();
    }

    /**
     * Every function that a source or a header declares is in the manifest. Names that macros paste
     * together, {@code add_##type}, stand for all that look like that.
     */
    @Test
    void namesEveryKernelOfTheSources() throws IOException {
        Set<String> listed = new HashSet<>();
        library.kernels().forEach(kernel -> listed.add(kernel.symbol()));
        int declared = 0;
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().matches(".*\\.cuh?")).toList()) {
                String text = Files.readString(file);
                Matcher global = GLOBAL.matcher(text);
                while (global.find()) {
                    Pattern name = nameAfter(text, global.end());
                    assertTrue(
                            listed.stream().anyMatch(symbol -> name.matcher(symbol).matches()),
                            file + " declares " + name + ", which the manifest does not have");
                    declared++;
                }
            }
        }
        assertTrue(declared > 0, "there are kernels");
    }

    private static Pattern nameAfter(String text, int from) {
        String rest = text.substring(from);
        Matcher attribute = ATTRIBUTE.matcher(rest);
        while (attribute.lookingAt()) {
            int depth = 0;
            int at = attribute.end();
            do {
                depth += rest.charAt(at) == '(' ? 1 : rest.charAt(at) == ')' ? -1 : 0;
                at++;
            } while (depth > 0);
            rest = rest.substring(at);
            attribute = ATTRIBUTE.matcher(rest);
        }
        Matcher name = NAME.matcher(rest);
        assertTrue(name.find(), "a name follows __global__ void");
        String pasted = name.group(1).replaceAll("\\w*##(\\w+##)?\\w*", "@");
        return Pattern.compile(
                pasted.contains("@") ? wild(name.group(1)) : Pattern.quote(name.group(1)));
    }

    /** Each parameter of a macro within a name may be anything; the literal beginning stays. */
    private static String wild(String pasted) {
        String first = pasted.substring(0, pasted.indexOf("##"));
        return first.contains("_") ? Pattern.quote(first) + "\\w*" : "\\w+";
    }

    @Test
    void everySourceYieldsAFatbin() throws IOException {
        Set<String> fatbins = new HashSet<>();
        library.kernels().forEach(kernel -> fatbins.add(kernel.fatbin()));
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cu")).toList()) {
                String name = SOURCES.relativize(file).toString().replace('\\', '/');
                // A build for one architecture leaves out the sources of others.
                if (name.contains("_sm80.")) {
                    assertTrue(fatbins.remove(name.replaceFirst("\\.cu$", ".fatbin")), name);
                }
            }
        }
        fatbins.removeIf(name -> !name.contains("_sm80."));
        assertEquals(Set.of(), fatbins, "fatbins without a source");
    }

    @Test
    void constantsComeFromSourceAndHeaders() {
        Kernel kernel = library.kernels().get(0);
        NoSuchElementException error =
                assertThrows(NoSuchElementException.class, () -> kernel.constant("nothing"));
        assertTrue(error.getMessage().contains("kNothing"), error.getMessage());
        kernel.tile().forEach((name, value) -> assertEquals(value, kernel.constant(name)));
    }

    @Test
    void machineCodeRunsOnItsMajorVersion() {
        assertTrue(Kernel.runs("80", 8, 0));
        assertTrue(Kernel.runs("80", 8, 9));
        assertFalse(Kernel.runs("86", 8, 0));
        assertFalse(Kernel.runs("80", 9, 0));
        assertTrue(Kernel.runs("90a", 9, 0));
        assertFalse(Kernel.runs("90a", 9, 1));
        assertTrue(Kernel.runs("100", 10, 3));
        assertTrue(Kernel.runs("120", 12, 1));
        assertFalse(library.runsOn(7, 5));
    }

    @Test
    void kernelsHaveLaunchBounds() {
        for (Kernel kernel : library.kernels()) {
            assertTrue(
                    kernel.threads() >= 32 && kernel.threads() <= 1024,
                    kernel.symbol() + " has " + kernel.threads() + " threads");
        }
    }

    /**
     * The bytes that a kernel may spill: none, as a rule. A step of a GPT-2 has one block a
     * multiprocessor and all 255 registers a thread; beyond them are, before compute capability
     * 9.0, a few words that last for the whole step, and are read once or twice a layer.
     */
    private static int mostSpilled(Kernel kernel, String arch) {
        if (kernel.symbol().startsWith("gpt2_step_") && arch.startsWith("8")) {
            return 128;
        }
        return kernel.symbol().equals("gpt2_prompt_product_f32_4") ? 16 : 0;
    }

    @Test
    void spillsNothingThatMatters() {
        for (Kernel kernel : library.kernels()) {
            assertFalse(kernel.resources().isEmpty(), kernel.symbol());
            kernel.resources()
                    .forEach(
                            (arch, needs) -> {
                                int most = mostSpilled(kernel, arch);
                                String place = kernel.symbol() + " on sm_" + arch + ": " + needs;
                                assertTrue(needs.registers() > 0, place);
                                assertTrue(needs.spillStoreBytes() <= most, place);
                                assertTrue(needs.spillLoadBytes() <= most, place);
                            });
        }
    }

    /** A fatbin is a header and then images, each with its kind, its architecture and its size. */
    @Test
    void fatbinsHoldWhatTheManifestSays() {
        for (Kernel kernel : library.kernels()) {
            ByteBuffer fatbin =
                    ByteBuffer.wrap(library.fatbin(kernel)).order(ByteOrder.LITTLE_ENDIAN);
            assertEquals(0xba55ed50, fatbin.getInt(0), kernel.fatbin());
            Set<String> machineCode = new TreeSet<>();
            Set<String> ptx = new TreeSet<>();
            int at = fatbin.getShort(6);
            while (at < fatbin.limit()) {
                (fatbin.getShort(at) == 1 ? ptx : machineCode)
                        .add(Integer.toString(fatbin.getInt(at + 28)));
                at += fatbin.getInt(at + 4) + (int) fatbin.getLong(at + 8);
            }
            Set<String> told = new TreeSet<>();
            kernel.resources().keySet().forEach(arch -> told.add(arch.replace("a", "")));
            assertEquals(told, machineCode, kernel.fatbin());
            boolean all = library.architectures().size() > 1;
            assertEquals(
                    all && kernel.fatbin().endsWith("_sm80.fatbin") ? Set.of("80") : Set.of(),
                    ptx,
                    kernel.fatbin());
        }
    }

    @Test
    void unknownKernelIsAnError() {
        NoSuchElementException error =
                assertThrows(NoSuchElementException.class, () -> library.kernel("nothing"));
        assertTrue(
                error.getMessage().contains(library.kernels().get(0).symbol()), error.getMessage());
    }
}
