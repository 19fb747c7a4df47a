package org.oktoblas.cuda;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import org.oktoblas.kernels.Kernel;

/** A kernel as a device holds it, ready to be launched. */
public final class CudaKernel {

    private static final int PORTABLE_CLUSTER = 8;

    /** Shared memory that every launch may have; for more, the driver wants to be told. */
    private static final int UNASKED_SHARED_BYTES = 48 << 10;

    private final CudaDevice device;
    private final Kernel description;
    private final Driver.Function function = new Driver.Function();
    private final int mostDynamicShared;
    private final int parameterBytes;
    private volatile int granted;
    private final Map<Integer, Integer> blocks = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> clusters = new ConcurrentHashMap<>();

    CudaKernel(CudaDevice device, Kernel description, Driver.Module module) {
        this.device = device;
        this.description = description;
        String symbol = description.symbol();
        call("cuModuleGetFunction", () -> Driver.function(function, module, symbol));
        int[] fixed = new int[1];
        call(
                "cuFuncGetAttribute",
                () -> Driver.attribute(function, Driver.STATIC_SHARED_BYTES, fixed));
        mostDynamicShared = device.properties().sharedBytesPerBlock() - fixed[0];
        granted = Math.max(0, UNASKED_SHARED_BYTES - fixed[0]);
        if (description.cluster() > PORTABLE_CLUSTER) {
            call(
                    "cuFuncSetAttribute",
                    () -> Driver.setAttribute(function, Driver.NON_PORTABLE_CLUSTER, 1));
        }
        if (description.threads() == 0) {
            throw new IllegalStateException(symbol + " has no launch bounds");
        }
        parameterBytes =
                description.parameterBytes().size() == 1 ? description.parameterBytes().get(0) : -1;
    }

    /** Makes a call. The driver loads a kernel's code when it first needs it, here or later. */
    private void call(String name, IntSupplier call) {
        int code = device.callInNeed(call);
        if (code != Driver.SUCCESS) {
            throw CudaException.of(code, name, device, "kernel " + description.symbol());
        }
    }

    /** Returns what the compiler said of the kernel. */
    public Kernel description() {
        return description;
    }

    /** Returns the kernel's name. */
    public String symbol() {
        return description.symbol();
    }

    /** Returns the threads of a block. */
    public int threads() {
        return description.threads();
    }

    /** Returns a constant of the kernel's source: "rowsPerBlock" for {@code kRowsPerBlock}. */
    public int constant(String name) {
        return description.constant(name);
    }

    /** Returns how many blocks a multiprocessor holds at once. */
    public int blocksPerMultiprocessor(int dynamicSharedBytes) {
        return ask(
                "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                blocks,
                dynamicSharedBytes,
                (bytes, answer) -> Driver.occupancy(function, threads(), bytes, answer));
    }

    /** Returns how many of the kernel's clusters the device holds at once; 0 if not even one. */
    public int clustersAtOnce(int dynamicSharedBytes) {
        return ask(
                "cuOccupancyMaxActiveClusters",
                clusters,
                dynamicSharedBytes,
                (bytes, answer) ->
                        Driver.clusters(function, description.cluster(), threads(), bytes, answer));
    }

    /** Asks the driver how many fit, once for every size of shared memory. */
    private int ask(String name, Map<Integer, Integer> known, int sharedBytes, Question question) {
        Integer count = known.get(sharedBytes);
        if (count == null) {
            count = known.computeIfAbsent(sharedBytes, bytes -> ask(name, bytes, question));
        }
        return count;
    }

    private int ask(String name, int sharedBytes, Question question) {
        if (sharedBytes > mostDynamicShared) {
            return 0;
        }
        device.makeCurrent();
        grant(sharedBytes);
        int[] answer = new int[1];
        call(name, () -> question.ask(sharedBytes, answer));
        return answer[0];
    }

    /** A call that answers how many fit, given a block's shared memory; it returns its code. */
    private interface Question {
        int ask(int sharedBytes, int[] answer);
    }

    CudaDevice device() {
        return device;
    }

    Driver.Function function() {
        return function;
    }

    /** Tells the driver, once, that launches ask for more shared memory than is usual. */
    void grant(int dynamicSharedBytes) {
        if (dynamicSharedBytes > granted) {
            call(
                    "cuFuncSetAttribute",
                    () ->
                            Driver.setAttribute(
                                    function, Driver.MAX_DYNAMIC_SHARED_BYTES, mostDynamicShared));
            granted = mostDynamicShared;
        }
    }

    int mostDynamicShared() {
        return mostDynamicShared;
    }

    /** Returns the size of the one struct, or -1 if the kernel takes something else. */
    int parameterBytes() {
        return parameterBytes;
    }
}
