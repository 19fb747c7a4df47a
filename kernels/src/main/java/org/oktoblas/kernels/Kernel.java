package org.oktoblas.kernels;

import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * One {@code __global__} function, as the compiler described it.
 *
 * @param symbol its name in the fatbin
 * @param family the folder of its source: "reduce", "gemm" …
 * @param fatbin the resource that holds it, relative to the manifest
 * @param threads threads a block by its launch bounds, 0 where it has none
 * @param cluster blocks a cluster, 1 where it has none
 * @param parameterBytes the size of each parameter, in order
 * @param tile the source's tile constants: {@code kRowsPerBlock} is "rowsPerBlock"
 * @param resources what it needs, by architecture: "90a" and the like
 */
public record Kernel(
        String symbol,
        String family,
        String fatbin,
        int threads,
        int cluster,
        List<Integer> parameterBytes,
        Map<String, Integer> tile,
        Map<String, Resources> resources) {

    /**
     * Returns a constant of the kernel's source or its headers: "rowsPerBlock" for {@code
     * kRowsPerBlock}.
     *
     * @throws NoSuchElementException if there is none of that name
     */
    public int constant(String name) {
        Integer value = tile.get(name);
        if (value == null) {
            throw new NoSuchElementException(
                    "The source of kernel "
                            + symbol
                            + " has no constant k"
                            + Character.toUpperCase(name.charAt(0))
                            + name.substring(1)
                            + "; it has "
                            + tile.keySet());
        }
        return value;
    }

    /** Returns whether there is machine code of it for a compute capability. */
    public boolean runsOn(int major, int minor) {
        return resources.keySet().stream().anyMatch(arch -> runs(arch, major, minor));
    }

    /**
     * Machine code runs on its own minor version and later ones of the same major version; that of
     * architectures whose name ends in a letter, on their own alone.
     */
    static boolean runs(String arch, int major, int minor) {
        boolean specific = Character.isLetter(arch.charAt(arch.length() - 1));
        int number = Integer.parseInt(specific ? arch.substring(0, arch.length() - 1) : arch);
        return number / 10 == major && (specific ? number % 10 == minor : number % 10 <= minor);
    }

    /**
     * What a kernel needs on one architecture.
     *
     * @param registers registers a thread
     * @param sharedBytes static shared memory a block
     * @param spillStoreBytes bytes that a thread spills to local memory
     * @param spillLoadBytes bytes that a thread reads back
     */
    public record Resources(
            int registers, int sharedBytes, int spillStoreBytes, int spillLoadBytes) {}
}
