package org.oktoblas.kernels;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** The kernels that this build compiled: their manifest and their fatbins. */
public final class KernelLibrary {

    private static final String FOLDER = "cuda";

    private final String folder;
    private final String compiler;
    private final List<String> architectures;
    private final boolean portable;
    private final Map<String, Kernel> kernels = new LinkedHashMap<>();

    private KernelLibrary(String folder, Manifest manifest) {
        this.folder = folder;
        compiler = manifest.nvcc;
        architectures = List.copyOf(manifest.architectures);
        portable = manifest.ptx;
        manifest.kernels.forEach(kernel -> kernels.put(kernel.symbol(), kernel));
    }

    /** Returns the library, or nothing if no nvcc was found when this jar was built. */
    public static Optional<KernelLibrary> find() {
        return find(FOLDER);
    }

    /** Returns the library in a folder of resources beside this class. */
    static Optional<KernelLibrary> find(String folder) {
        try (InputStream stream = open(folder, "manifest.json")) {
            if (stream == null) {
                return Optional.empty();
            }
            InputStreamReader reader = new InputStreamReader(stream, StandardCharsets.UTF_8);
            Manifest manifest = new Gson().fromJson(reader, Manifest.class);
            return manifest.kernels.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new KernelLibrary(folder, manifest));
        } catch (IOException e) {
            throw new UncheckedIOException("The manifest of the CUDA kernels cannot be read", e);
        }
    }

    /** Returns the build of nvcc that compiled the kernels. */
    public String compiler() {
        return compiler;
    }

    /** Returns the architectures that portable kernels were compiled for: "80", "90a" … */
    public List<String> architectures() {
        return architectures;
    }

    /** Returns whether portable kernels run on a compute capability, which the driver may help. */
    public boolean runsOn(int major, int minor) {
        return portable && major >= 8
                || architectures.stream().anyMatch(arch -> Kernel.runs(arch, major, minor));
    }

    /** Returns all kernels. */
    public List<Kernel> kernels() {
        return List.copyOf(kernels.values());
    }

    /** Returns whether there is a kernel of that symbol. */
    public boolean has(String symbol) {
        return kernels.containsKey(symbol);
    }

    /**
     * Returns a kernel by its symbol.
     *
     * @throws NoSuchElementException if there is none of that name
     */
    public Kernel kernel(String symbol) {
        Kernel kernel = kernels.get(symbol);
        if (kernel == null) {
            throw new NoSuchElementException(
                    "No CUDA kernel is named " + symbol + "; there are " + kernels.keySet());
        }
        return kernel;
    }

    /** Returns the fatbin that holds a kernel, ready for {@code cuModuleLoadData}. */
    public byte[] fatbin(Kernel kernel) {
        try (InputStream stream = open(folder, kernel.fatbin())) {
            if (stream == null) {
                throw new IllegalStateException(
                        "This build's manifest names "
                                + kernel.fatbin()
                                + ", which its jar does not hold: build it anew");
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(kernel.fatbin() + " cannot be read", e);
        }
    }

    private static InputStream open(String folder, String name) {
        return KernelLibrary.class.getResourceAsStream(folder + "/" + name);
    }

    private record Manifest(
            String nvcc, List<String> architectures, boolean ptx, List<Kernel> kernels) {}
}
