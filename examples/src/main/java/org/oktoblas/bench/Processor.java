package org.oktoblas.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The processor, as the operating system describes it.
 *
 * @param name the model's name
 * @param cores how many this process may use
 * @param features its vector instructions that matter for matrix products; empty if unknown
 */
public record Processor(String name, int cores, List<String> features) {

    private static final List<String> X86 =
            List.of(
                    "avx2",
                    "fma",
                    "f16c",
                    "avx512f",
                    "avx512_vnni",
                    "avx512_bf16",
                    "avx512_fp16",
                    "amx_bf16",
                    "amx_int8");
    private static final List<String> ARM =
            List.of("asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2");

    /** Asks the operating system; what it does not tell is left out. */
    public static Processor detect() {
        int cores = Runtime.getRuntime().availableProcessors();
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String architecture = System.getProperty("os.arch");
        if (system.startsWith("linux")) {
            return linux(architecture, cores);
        }
        if (system.startsWith("mac")) {
            String name = command("sysctl", "-n", "machdep.cpu.brand_string");
            String features =
                    command("sysctl", "-n", "machdep.cpu.features")
                            + " "
                            + command("sysctl", "-n", "machdep.cpu.leaf7_features");
            return new Processor(name.isEmpty() ? architecture : name, cores, known(features));
        }
        String identifier = System.getenv("PROCESSOR_IDENTIFIER");
        return new Processor(identifier == null ? architecture : identifier, cores, List.of());
    }

    private static Processor linux(String architecture, int cores) {
        String text;
        try {
            text = Files.readString(Path.of("/proc/cpuinfo"));
        } catch (IOException e) {
            return new Processor(architecture, cores, List.of());
        }
        String name = value(text, "model name");
        String flags = value(text, "flags") + " " + value(text, "Features");
        return new Processor(name.isEmpty() ? architecture : name, cores, known(flags));
    }

    private static List<String> known(String flags) {
        Set<String> have =
                new HashSet<>(Arrays.asList(flags.toLowerCase(Locale.ROOT).split("[\\s,]+")));
        List<String> all = have.contains("asimd") ? ARM : X86;
        return all.stream().filter(have::contains).toList();
    }

    private static String value(String cpuInfo, String key) {
        return cpuInfo.lines()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("");
    }

    private static String command(String... words) {
        try {
            Process process =
                    new ProcessBuilder(words)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0
                    ? text.strip()
                    : "";
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
