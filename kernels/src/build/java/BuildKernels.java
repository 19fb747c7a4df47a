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
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
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
 * tile sizes from the source's {@code constexpr int} constants. A source is compiled again only if
 * it, a header, the flags or nvcc changed. Without nvcc this says so in one line and succeeds: the
 * engine then runs on the CPU.
 */
public final class BuildKernels {

    /** Real architectures of portable sources; PTX for sm_80 serves every later one. */
    private static final List<String> PORTABLE = List.of("80", "86", "89", "90a", "100", "120");

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
        this.only = arch.isEmpty() ? List.of() : Arrays.asList(arch.split(","));
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
        List<Path> files = list(".cu");
        MessageDigest shared = MessageDigest.getInstance("SHA-256");
        for (Path header : list(".cuh")) {
            shared.update(Files.readAllBytes(header));
        }
        byte[] headers = shared.digest();

        ExecutorService pool =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        List<Map<String, Object>> kernels = new ArrayList<>();
        int compiled = 0;
        try {
            List<Future<Unit>> units = new ArrayList<>();
            for (Path file : files) {
                Callable<Unit> task = () -> compile(file, headers);
                units.add(pool.submit(task));
            }
            for (Future<Unit> unit : units) {
                compiled += unit.get().compiled ? 1 : 0;
                kernels.addAll(unit.get().kernels);
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IllegalStateException failure) {
                throw failure;
            }
            throw e;
        } finally {
            pool.shutdownNow();
        }
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("nvcc", nvccVersion);
        manifest.put("kernels", kernels);
        Path temporary = output.resolve("manifest.json.part");
        Files.writeString(
                temporary, new GsonBuilder().setPrettyPrinting().create().toJson(manifest) + "\n");
        Files.move(temporary, output.resolve("manifest.json"), StandardCopyOption.REPLACE_EXISTING);
        System.out.printf(
                "CUDA kernels: %d in %d sources, %d compiled now, %s%n",
                kernels.size(), files.size(), compiled, nvccVersion);
    }

    private record Unit(boolean compiled, List<Map<String, Object>> kernels) {}

    private Unit compile(Path file, byte[] headers) throws IOException, InterruptedException {
        String name = file.getFileName().toString();
        Matcher named = NAME.matcher(name);
        if (!named.matches()) {
            throw new IllegalStateException(
                    file + ": a kernel source is named <op>_<dtype>_sm<arch>.cu");
        }
        String family = sources.relativize(file).getParent().toString().replace('\\', '/');
        String base = name.substring(0, name.length() - ".cu".length());
        String source = Files.readString(file);
        Path fatbin = output.resolve(family).resolve(base + ".fatbin");
        Path resources = cache.resolve(family).resolve(base + ".ptxas");
        Path ptx = cache.resolve(family).resolve(base + ".ptx");
        Path key = cache.resolve(family).resolve(base + ".key");
        Files.createDirectories(fatbin.getParent());
        Files.createDirectories(key.getParent());

        List<String> architectures = architectures(named.group(1));
        List<String> flags =
                new ArrayList<>(List.of("-std=c++17", "-O3", "-I", sources.toString()));
        String virtual = named.group(1).equals("80") ? PTX : named.group(1);
        List<String> targets = new ArrayList<>();
        for (String arch : architectures) {
            targets.add("-gencode");
            targets.add("arch=compute_" + arch + ",code=sm_" + arch);
        }
        if (virtual.equals(PTX)) {
            targets.add("-gencode");
            targets.add("arch=compute_" + PTX + ",code=compute_" + PTX);
        }
        String wanted = digest(headers, source, nvccVersion, flags.toString(), targets.toString());
        boolean current =
                Files.exists(fatbin)
                        && Files.exists(ptx)
                        && Files.exists(resources)
                        && Files.exists(key)
                        && Files.readString(key).equals(wanted);
        if (!current) {
            Files.deleteIfExists(key);
            List<String> command = new ArrayList<>(List.of(nvcc, "--fatbin", "-Xptxas", "-v"));
            command.addAll(flags);
            command.addAll(targets);
            command.addAll(List.of("-o", fatbin.toString(), file.toString()));
            Files.writeString(resources, run(command));
            command = new ArrayList<>(List.of(nvcc, "--ptx", "-arch=compute_" + virtual));
            command.addAll(flags);
            command.addAll(List.of("-o", ptx.toString(), file.toString()));
            run(command);
            Files.writeString(key, wanted);
        }
        return new Unit(
                !current,
                describe(family, base, source, Files.readString(ptx), Files.readString(resources)));
    }

    /** Portable sources compile for all architectures, others only for their own. */
    private List<String> architectures(String own) {
        List<String> all = own.equals("80") ? PORTABLE : List.of(own);
        if (only.isEmpty()) {
            return all;
        }
        return all.stream().filter(only::contains).collect(Collectors.toList());
    }

    private static List<Map<String, Object>> describe(
            String family, String base, String source, String ptx, String ptxas) {
        Map<String, Object> tile = new TreeMap<>();
        Matcher constant = CONSTANT.matcher(source);
        while (constant.find()) {
            String name = constant.group(1);
            tile.put(
                    Character.toLowerCase(name.charAt(0)) + name.substring(1),
                    Integer.valueOf(constant.group(2)));
        }
        Map<String, Map<String, Object>> resources = resources(ptxas);
        List<Map<String, Object>> kernels = new ArrayList<>();
        Matcher entry = ENTRY.matcher(ptx);
        while (entry.find()) {
            Map<String, Object> kernel = new LinkedHashMap<>();
            kernel.put("symbol", entry.group(1));
            kernel.put("family", family);
            kernel.put("fatbin", family + "/" + base + ".fatbin");
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
            kernel.put("tile", tile);
            kernel.put("resources", resources.getOrDefault(entry.group(1), Map.of()));
            kernels.add(kernel);
        }
        if (kernels.isEmpty()) {
            throw new IllegalStateException(family + "/" + base + ".cu has no __global__ function");
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
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static String digest(byte[] headers, String... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(headers);
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
