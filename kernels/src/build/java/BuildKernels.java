import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compiles every {@code <family>/<op>_<dtype>_<arch>.cu} with nvcc into a fatbin of its own and
 * writes one manifest of all kernels. Run by Maven as a single-file program:
 *
 * <pre>java -cp gson.jar BuildKernels.java SOURCES OUTPUT CACHE [ARCH]</pre>
 *
 * <p>What the manifest says is read from the compiler's output, never written by hand: symbols,
 * threads a block and parameter sizes from the PTX, registers, shared memory and spills from ptxas,
 * tile sizes and the like from the {@code constexpr int} constants of the source and of the headers
 * that it includes in quotes. A source is compiled again only if it, one of those headers, the
 * flags or nvcc changed. Without nvcc this says so in one line and succeeds: the engine then runs
 * on the CPU.
 *
 * <p>A build for chosen architectures is one for development: it runs on no others, as it has no
 * PTX, and its code knows its source lines, for profilers and compute-sanitizer.
 */
public final class BuildKernels {

    /** Real architectures of portable sources; PTX for sm_80 serves every later one. */
    private static final List<String> PORTABLE = List.of("80", "86", "89", "90a", "100", "120");

    /** Architectures that share the front end's output of another, as they can do no more. */
    private static final Map<String, String> SAME_AS = Map.of("86", "80", "89", "80");

    private static final String PTX = "80";

    private static final Pattern NAME = Pattern.compile("[a-z0-9]+_[a-z0-9]+_sm([0-9]+a?)\\.cu");
    private static final Pattern ENTRY =
            Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)\\s*([^{]*)\\{");
    private static final Pattern THREADS =
            Pattern.compile("\\.maxntid\\s+(\\d+)(?:,\\s*(\\d+))?(?:,\\s*(\\d+))?");
    private static final Pattern CLUSTER =
            Pattern.compile("\\.reqnctapercluster\\s+(\\d+)(?:,\\s*(\\d+))?(?:,\\s*(\\d+))?");
    private static final Pattern PARAMETER =
            Pattern.compile(
                    "\\.param\\s+(?:\\.align\\s+\\d+\\s+)?\\.(\\w)(\\d+)\\s+\\w+(?:\\[(\\d+)])?");
    private static final Pattern CONSTANT =
            Pattern.compile("^constexpr int k(\\w+) = (\\d+);", Pattern.MULTILINE);
    private static final Pattern INCLUDE =
            Pattern.compile("^[ \\t]*#[ \\t]*include[ \\t]+\"([^\"]+)\"", Pattern.MULTILINE);
    private static final Pattern COMPILING =
            Pattern.compile("Compiling entry function '(\\w+)' for 'sm_(\\w+)'");
    private static final Pattern SPILLS =
            Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");
    private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

    private final Path sources;
    private final Path output;
    private final Path cache;
    private final String nvcc;
    private final String nvccVersion;
    private final List<String> only;

    private BuildKernels(Path sources, Path output, Path cache, String nvcc, String arch)
            throws IOException, InterruptedException {
        this.sources = sources;
        this.output = output;
        this.cache = cache;
        this.nvcc = nvcc;
        this.nvccVersion =
                run(List.of(nvcc, "--version")).strip().lines().reduce((a, b) -> b).get();
        this.only = arch.isEmpty() ? List.of() : Arrays.asList(arch.split("\\s*,\\s*"));
        for (String wanted : only) {
            if (!PORTABLE.contains(wanted)) {
                throw new IllegalStateException(
                        "cuda.arch names " + wanted + ", but kernels are compiled for " + PORTABLE);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        Path sources = Path.of(args[0]);
        Path output = Path.of(args[1]);
        Path cache = Path.of(args[2]);
        String arch = args.length > 3 ? args[3].strip() : "";
        String nvcc = findNvcc();
        if (nvcc == null) {
            System.out.println(
                    "CUDA kernels skipped: no nvcc in CUDA_HOME, CUDA_PATH, PATH or /usr/local/cuda;"
                            + " this build runs on the CPU.");
            Files.deleteIfExists(output.resolve("manifest.json"));
            removeOthers(output, Set.of());
            return;
        }
        try {
            new BuildKernels(sources, output, cache, nvcc, arch).build();
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static String findNvcc() {
        String executable =
                System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("win")
                        ? "nvcc.exe"
                        : "nvcc";
        List<Path> folders = new ArrayList<>();
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            String home = System.getenv(variable);
            if (home != null && !home.isBlank()) {
                folders.add(Path.of(home, "bin"));
            }
        }
        String path = System.getenv("PATH");
        if (path != null) {
            for (String folder : path.split(Pattern.quote(System.getProperty("path.separator")))) {
                folders.add(Path.of(folder));
            }
        }
        folders.add(Path.of("/usr/local/cuda/bin"));
        return folders.stream()
                .map(folder -> folder.resolve(executable))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse(null);
    }

    private void build() throws Exception {
        Files.createDirectories(output);
        Files.createDirectories(cache);
        List<Source> all = new ArrayList<>();
        for (Path file : list(".cu")) {
            Source source = read(file);
            if (!source.architectures.isEmpty()) {
                all.add(source);
            }
        }
        // Sources that take long begin first, so that the last one does not run alone.
        List<Source> stale = new ArrayList<>(all);
        stale.removeIf(this::isCurrent);
        stale.sort(Comparator.comparing(source -> -source.text.length()));

        ExecutorService pool =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<Void>> compilations = new ArrayList<>();
            for (Source source : stale) {
                compilations.add(pool.submit(() -> compile(source)));
            }
            for (Future<Void> compilation : compilations) {
                compilation.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IllegalStateException failure) {
                throw failure;
            }
            throw e;
        } finally {
            pool.shutdownNow();
        }

        List<Map<String, Object>> kernels = new ArrayList<>();
        Map<String, Source> owners = new HashMap<>();
        for (Source source : all) {
            for (Map<String, Object> kernel : describe(source)) {
                Source other = owners.put((String) kernel.get("symbol"), source);
                if (other != null) {
                    throw new IllegalStateException(
                            "Kernel "
                                    + kernel.get("symbol")
                                    + " is defined by "
                                    + other.name()
                                    + " and by "
                                    + source.name());
                }
                kernels.add(kernel);
            }
        }
        removeOthers(output, all.stream().map(Source::fatbin).collect(Collectors.toSet()));
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("nvcc", nvccVersion);
        manifest.put("architectures", only.isEmpty() ? PORTABLE : only);
        manifest.put("ptx", only.isEmpty());
        manifest.put("kernels", kernels);
        Path temporary = output.resolve("manifest.json.part");
        Files.writeString(
                temporary, new GsonBuilder().setPrettyPrinting().create().toJson(manifest) + "\n");
        Files.move(temporary, output.resolve("manifest.json"), StandardCopyOption.REPLACE_EXISTING);
        System.out.printf(
                "CUDA kernels: %d in %d sources, %d compiled now, %s%n",
                kernels.size(), all.size(), stale.size(), nvccVersion);
    }

    /** A source with all that decides what becomes of it, and the files that come of it. */
    private record Source(
            Path file,
            String text,
            String family,
            String base,
            List<String> architectures,
            Map<String, Integer> constants,
            List<String> flags,
            String digest,
            Path fatbin,
            Path ptx,
            Path ptxas,
            Path key) {

        String name() {
            return family + "/" + base + ".cu";
        }
    }

    private Source read(Path file) throws IOException {
        Matcher named = NAME.matcher(file.getFileName().toString());
        Path folder = sources.relativize(file).getParent();
        if (!named.matches() || folder == null) {
            throw new IllegalStateException(
                    file + ": a kernel source is named <family>/<op>_<dtype>_sm<arch>.cu");
        }
        String family = folder.toString().replace('\\', '/');
        String base = file.getFileName().toString().replaceFirst("\\.cu$", "");
        String own = named.group(1);
        List<String> architectures = architectures(own);

        // Not compressed: jars and archives are, which see what architectures have in common.
        List<String> flags = new ArrayList<>(List.of("-std=c++17", "-O3", "--compress-mode=none"));
        if (!only.isEmpty()) {
            flags.add("-lineinfo");
        }
        Map<String, List<String>> codes = new LinkedHashMap<>();
        for (String arch : architectures) {
            codes.computeIfAbsent(SAME_AS.getOrDefault(arch, arch), v -> new ArrayList<>())
                    .add("sm_" + arch);
        }
        if (own.equals(PTX) && only.isEmpty()) {
            codes.computeIfAbsent(PTX, v -> new ArrayList<>()).add("compute_" + PTX);
        }
        codes.forEach(
                (virtual, code) -> {
                    flags.add("-gencode");
                    flags.add("arch=compute_" + virtual + ",code=[" + String.join(",", code) + "]");
                });

        // The source and its headers, in the order of their inclusion.
        Map<Path, String> texts = new LinkedHashMap<>();
        include(file, texts);
        List<String> parts = new ArrayList<>(List.of(nvccVersion, flags.toString()));
        texts.forEach(
                (path, text) -> {
                    parts.add(sources.relativize(path).toString().replace('\\', '/'));
                    parts.add(text);
                });
        Path cached = cache.resolve(family);
        return new Source(
                file,
                texts.get(file),
                family,
                base,
                architectures,
                constants(texts),
                flags,
                digest(parts),
                output.resolve(family).resolve(base + ".fatbin"),
                cached.resolve(base + ".ptx"),
                cached.resolve(base + ".ptxas"),
                cached.resolve(base + ".key"));
    }

    private void include(Path file, Map<Path, String> texts) throws IOException {
        if (texts.containsKey(file)) {
            return;
        }
        String text = Files.readString(file);
        texts.put(file, text);
        Matcher include = INCLUDE.matcher(text);
        while (include.find()) {
            Path beside = file.resolveSibling(include.group(1)).normalize();
            Path below = sources.resolve(include.group(1)).normalize();
            // Others are the toolkit's, which nvcc's version stands for.
            if (Files.exists(beside)) {
                include(beside, texts);
            } else if (Files.exists(below)) {
                include(below, texts);
            }
        }
    }

    private Map<String, Integer> constants(Map<Path, String> texts) {
        Map<String, Integer> constants = new TreeMap<>();
        texts.forEach(
                (path, text) -> {
                    Matcher constant = CONSTANT.matcher(text);
                    while (constant.find()) {
                        String name = constant.group(1);
                        Integer value = Integer.valueOf(constant.group(2));
                        Integer other =
                                constants.put(
                                        Character.toLowerCase(name.charAt(0)) + name.substring(1),
                                        value);
                        if (other != null && !other.equals(value)) {
                            throw new IllegalStateException(
                                    path
                                            + ": k"
                                            + name
                                            + " is "
                                            + value
                                            + " here and "
                                            + other
                                            + " in a file included before it");
                        }
                    }
                });
        return constants;
    }

    private boolean isCurrent(Source source) {
        try {
            return Files.exists(source.fatbin)
                    && Files.exists(source.ptx)
                    && Files.exists(source.ptxas)
                    && Files.exists(source.key)
                    && Files.readString(source.key).equals(source.digest);
        } catch (IOException e) {
            return false;
        }
    }

    private Void compile(Source source) throws IOException, InterruptedException {
        Files.createDirectories(source.fatbin.getParent());
        Files.createDirectories(source.key.getParent());
        Files.deleteIfExists(source.key);
        // The PTX that describes the kernels is one of the files that nvcc makes on its way.
        Path kept = Files.createTempDirectory(cache, source.base);
        try {
            List<String> command = new ArrayList<>(List.of(nvcc, "--fatbin", "-Xptxas", "-v"));
            command.addAll(source.flags);
            command.addAll(
                    List.of("-I", sources.toString(), "--keep", "--keep-dir", kept.toString()));
            command.addAll(List.of("-o", source.fatbin.toString(), source.file.toString()));
            String printed = run(command);
            Path ptx;
            try (Stream<Path> files = Files.list(kept)) {
                // One for each front end's run; what is read from them is the same in all.
                ptx =
                        files.filter(file -> file.toString().endsWith(".ptx"))
                                .sorted()
                                .findFirst()
                                .get();
            }
            Files.move(ptx, source.ptx, StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(source.ptxas, printed);
            printed.lines()
                    .filter(line -> line.contains("warning"))
                    .forEach(line -> System.out.println(source.name() + ": " + line));
        } finally {
            try (Stream<Path> files = Files.list(kept)) {
                for (Path file : files.collect(Collectors.toList())) {
                    Files.delete(file);
                }
            }
            Files.delete(kept);
        }
        Files.writeString(source.key, source.digest);
        return null;
    }

    /** Deletes fatbins of sources that are no more. */
    private static void removeOthers(Path output, Set<Path> wanted) throws IOException {
        if (!Files.exists(output)) {
            return;
        }
        try (Stream<Path> files = Files.walk(output)) {
            for (Path file : files.collect(Collectors.toList())) {
                if (file.toString().endsWith(".fatbin") && !wanted.contains(file)) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Portable sources compile for all architectures, others only for their own. */
    private List<String> architectures(String own) {
        List<String> all = own.equals("80") ? PORTABLE : List.of(own);
        if (only.isEmpty()) {
            return all;
        }
        return all.stream().filter(only::contains).collect(Collectors.toList());
    }

    private static List<Map<String, Object>> describe(Source source) throws IOException {
        String ptx = Files.readString(source.ptx);
        Map<String, Map<String, Object>> resources = resources(Files.readString(source.ptxas));
        List<Map<String, Object>> kernels = new ArrayList<>();
        Matcher entry = ENTRY.matcher(ptx);
        while (entry.find()) {
            Map<String, Object> kernel = new LinkedHashMap<>();
            kernel.put("symbol", entry.group(1));
            kernel.put("family", source.family);
            kernel.put("fatbin", source.family + "/" + source.base + ".fatbin");
            kernel.put("threads", product(THREADS.matcher(entry.group(3)), 0));
            kernel.put("cluster", product(CLUSTER.matcher(entry.group(3)), 1));
            List<Integer> parameters = new ArrayList<>();
            Matcher parameter = PARAMETER.matcher(entry.group(2));
            while (parameter.find()) {
                int bytes = Integer.parseInt(parameter.group(2)) / 8;
                String length = parameter.group(3);
                parameters.add(length == null ? bytes : bytes * Integer.parseInt(length));
            }
            kernel.put("parameterBytes", parameters);
            kernel.put("tile", source.constants);
            kernel.put("resources", resources.getOrDefault(entry.group(1), Map.of()));
            kernels.add(kernel);
        }
        if (kernels.isEmpty()) {
            throw new IllegalStateException(source.name() + " has no __global__ function");
        }
        return kernels;
    }

    private static int product(Matcher matcher, int absent) {
        if (!matcher.find()) {
            return absent;
        }
        int product = 1;
        for (int i = 1; i <= 3; i++) {
            product *= matcher.group(i) == null ? 1 : Integer.parseInt(matcher.group(i));
        }
        return product;
    }

    private static Map<String, Map<String, Object>> resources(String ptxas) {
        Map<String, Map<String, Object>> bySymbol = new LinkedHashMap<>();
        Map<String, Object> current = null;
        for (String line : ptxas.lines().collect(Collectors.toList())) {
            Matcher compiling = COMPILING.matcher(line);
            if (compiling.find()) {
                current = new LinkedHashMap<>();
                bySymbol.computeIfAbsent(compiling.group(1), s -> new TreeMap<>())
                        .put(compiling.group(2), current);
            } else if (current != null) {
                Matcher spills = SPILLS.matcher(line);
                if (spills.find()) {
                    current.put("spillStoreBytes", Integer.valueOf(spills.group(1)));
                    current.put("spillLoadBytes", Integer.valueOf(spills.group(2)));
                }
                Matcher registers = REGISTERS.matcher(line);
                if (registers.find()) {
                    current.put("registers", Integer.valueOf(registers.group(1)));
                    Matcher shared = SHARED.matcher(line);
                    current.put(
                            "sharedBytes", shared.find() ? Integer.parseInt(shared.group(1)) : 0);
                }
            }
        }
        return bySymbol;
    }

    private List<Path> list(String ending) throws IOException {
        if (!Files.exists(sources)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static String digest(List<String> parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                digest.update(part.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no SHA-256", e);
        }
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed;
        try (var stream = process.getInputStream()) {
            printed = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException(String.join(" ", command) + "\n" + printed);
        }
        return printed;
    }
}
