package org.oktoblas.cuda;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * CUDA's driver API, through JCuda, and through JNA what JCuda lacks (tensor maps) or gets wrong
 * (its {@code cuMemPoolCreate} writes beyond the object that it fills). No other class sees either
 * library. Methods return the driver's code; {@link CudaException#check} turns it into words.
 */
final class Driver {

    static final int SUCCESS = 0;
    static final int OUT_OF_MEMORY = 2;
    static final int NOT_READY = 600;
    static final int PEER_ACCESS_ALREADY_ENABLED = 704;

    // Attributes of devices.
    static final int MULTIPROCESSORS = 16;
    static final int L2_BYTES = 38;
    static final int THREADS_PER_MULTIPROCESSOR = 39;
    static final int CAPABILITY_MAJOR = 75;
    static final int CAPABILITY_MINOR = 76;
    static final int SHARED_BYTES_PER_MULTIPROCESSOR = 81;
    static final int REGISTERS_PER_MULTIPROCESSOR = 82;
    static final int COOPERATIVE_LAUNCH = 95;
    static final int SHARED_BYTES_PER_BLOCK = 97;
    static final int POOLS_SUPPORTED = 115;

    // Attributes of kernels and pools.

    static final int MAX_DYNAMIC_SHARED_BYTES = 8;
    static final int NON_PORTABLE_CLUSTER = 14;
    static final int STATIC_SHARED_BYTES = 1;
    static final int POOL_RELEASE_THRESHOLD = 4;
    static final int POOL_RESERVED = 5;

    private static final int NON_BLOCKING = 1;
    private static final int DISABLE_TIMING = 2;
    private static final int PORTABLE = 1;
    private static final int DEVICE_LOCATION = 1;
    private static final int READ_AND_WRITE = 3;
    private static final int POOL_PROPERTIES_BYTES = 88;

    /** For structs of calls that are not made often. */
    private static final ByteBuffer SCRATCH =
            ByteBuffer.allocateDirect(128).order(ByteOrder.nativeOrder());

    private static final CUdeviceptr NULL = new CUdeviceptr();

    private Driver() {}

    /** A CUDA device. */
    static final class Device extends CUdevice {}

    /** A device's primary context. */
    static final class Context extends CUcontext {}

    /** A stream. */
    static final class Stream extends CUstream {
        long value() {
            return getNativePointer();
        }
    }

    /** An event. */
    static final class Event extends CUevent {}

    /** A loaded fatbin. */
    static final class Module extends CUmodule {}

    /** A kernel of a loaded fatbin. */
    static final class Function extends CUfunction {
        long value() {
            return getNativePointer();
        }
    }

    /** A captured graph. */
    static final class Graph extends CUgraph {}

    /** A graph ready to be launched. */
    static final class Executable extends CUgraphExec {}

    /** An address of this process's memory. */
    static final class Address extends Pointer {
        private Address(long value) {
            super(value);
        }
    }

    /** What JCuda lacks, bound directly; the names and their order of arguments are CUDA's. */
    private static final class More {
        static {
            Native.register(More.class, NativeLibrary.getInstance(libraryName()));
        }

        static native int cuMemPoolCreate(long pool, long properties);

        static native int cuMemPoolSetAttribute(long pool, int attribute, long value);

        static native int cuMemPoolGetAttribute(long pool, int attribute, long value);

        static native int cuMemPoolSetAccess(long pool, long descriptions, long count);

        static native int cuMemPoolTrimTo(long pool, long bytes);

        static native int cuMemAllocFromPoolAsync(long address, long bytes, long pool, long stream);

        static native int cuMemFreeAsync(long address, long stream);

        static native int cuOccupancyMaxActiveClusters(long clusters, long function, long launch);

        static native int cuTensorMapEncodeTiled(
                long map,
                int type,
                int rank,
                long address,
                long sizes,
                long strides,
                long box,
                long elementStrides,
                int interleave,
                int swizzle,
                int promotion,
                int fill);
    }

    // ---- the library

    /** Returns the name of the driver's library on this system. */
    static String libraryName() {
        return Platform.isWindows() ? "nvcuda" : "libcuda.so.1";
    }

    /** Loads the driver and readies it; returns why that cannot be, or null. */
    static String open() {
        if (!Platform.is64Bit() || !(Platform.isLinux() || Platform.isWindows())) {
            return "CUDA has no driver for this operating system";
        }
        try {
            NativeLibrary.getInstance(libraryName());
        } catch (UnsatisfiedLinkError e) {
            return "no NVIDIA driver is installed (" + libraryName() + " was not found)";
        }
        try {
            UnpackFolder.during(() -> JCudaDriver.setExceptionsEnabled(false));
            int code = JCudaDriver.cuInit(0);
            return code == SUCCESS
                    ? null
                    : "the NVIDIA driver does not start: " + name(code) + ", " + sentence(code);
        } catch (IOException e) {
            return "JCuda's native library cannot be unpacked: " + e;
        } catch (LinkageError e) {
            return "JCuda's native library does not load: " + firstLine(e);
        }
    }

    private static String firstLine(Throwable e) {
        String text = String.valueOf(e.getMessage());
        // JCuda puts a report of many lines into its error; what the linker said stands in it.
        Matcher linker = Pattern.compile("UnsatisfiedLinkError: (.*\\.so.*)").matcher(text);
        return linker.find() ? linker.group(1) : text.lines().findFirst().orElse("");
    }

    /** Returns the CUDA version that the driver supports: 13000 for 13.0. */
    static int version(int[] version) {
        return JCudaDriver.cuDriverGetVersion(version);
    }

    /** Returns an error's name, such as CUDA_ERROR_INVALID_VALUE. */
    static String name(int code) {
        String[] text = new String[1];
        return JCudaDriver.cuGetErrorName(code, text) == SUCCESS && text[0] != null
                ? text[0]
                : "CUDA error " + code;
    }

    /** Returns CUDA's own description of an error. */
    static String sentence(int code) {
        String[] text = new String[1];
        return JCudaDriver.cuGetErrorString(code, text) == SUCCESS && text[0] != null
                ? text[0]
                : "unknown to the driver";
    }

    /** Returns what {@code cuLaunchKernel} takes for a kernel with one parameter, a struct. */
    static Address parameters(ByteBuffer struct, ByteBuffer pointers) {
        pointers.order(ByteOrder.nativeOrder()).putLong(0, address(struct));
        return new Address(address(pointers));
    }

    /** Returns where a direct buffer's byte 0 lies. */
    static long address(ByteBuffer direct) {
        return com.sun.jna.Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }

    private static CUdeviceptr at(long address) {
        return NULL.withByteOffset(address);
    }

    // ---- devices and contexts

    static int deviceCount(int[] count) {
        return JCudaDriver.cuDeviceGetCount(count);
    }

    static int device(Device device, int ordinal) {
        return JCudaDriver.cuDeviceGet(device, ordinal);
    }

    static int deviceName(Device device, String[] name) {
        byte[] text = new byte[256];
        int code = JCudaDriver.cuDeviceGetName(text, text.length, device);
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        name[0] = new String(text, 0, length, StandardCharsets.UTF_8);
        return code;
    }

    static int attribute(Device device, int attribute, int[] value) {
        return JCudaDriver.cuDeviceGetAttribute(value, attribute, device);
    }

    static int totalMemory(Device device, long[] bytes) {
        return JCudaDriver.cuDeviceTotalMem(bytes, device);
    }

    static int retain(Context context, Device device) {
        return JCudaDriver.cuDevicePrimaryCtxRetain(context, device);
    }

    static int makeCurrent(Context context) {
        return JCudaDriver.cuCtxSetCurrent(context);
    }

    static int memoryInfo(long[] free, long[] total) {
        return JCudaDriver.cuMemGetInfo(free, total);
    }

    static int canAccess(Device device, Device peer, int[] can) {
        return JCudaDriver.cuDeviceCanAccessPeer(can, device, peer);
    }

    /** Lets the current context reach a peer's memory. */
    static int enableAccess(Context peer) {
        return JCudaDriver.cuCtxEnablePeerAccess(peer, 0);
    }

    // ---- streams and events

    static int createStream(Stream stream) {
        return JCudaDriver.cuStreamCreate(stream, NON_BLOCKING);
    }

    static int destroy(Stream stream) {
        return JCudaDriver.cuStreamDestroy(stream);
    }

    static int synchronize(Stream stream) {
        return JCudaDriver.cuStreamSynchronize(stream);
    }

    /** Returns SUCCESS if the stream has nothing to do, NOT_READY if it has. */
    static int query(Stream stream) {
        return JCudaDriver.cuStreamQuery(stream);
    }

    static int await(Stream stream, Event event) {
        return JCudaDriver.cuStreamWaitEvent(stream, event, 0);
    }

    static int createEvent(Event event, boolean timing) {
        return JCudaDriver.cuEventCreate(event, timing ? 0 : DISABLE_TIMING);
    }

    static int record(Event event, Stream stream) {
        return JCudaDriver.cuEventRecord(event, stream);
    }

    static int synchronize(Event event) {
        return JCudaDriver.cuEventSynchronize(event);
    }

    static int elapsed(float[] milliseconds, Event start, Event end) {
        return JCudaDriver.cuEventElapsedTime(milliseconds, start, end);
    }

    static int destroy(Event event) {
        return JCudaDriver.cuEventDestroy(event);
    }

    // ---- memory

    /** Makes a pool of a device's memory; its handle goes into {@code pool[0]}. */
    static int createPool(int device, long[] pool) {
        synchronized (SCRATCH) {
            for (int i = 0; i < POOL_PROPERTIES_BYTES; i++) {
                SCRATCH.put(8 + i, (byte) 0);
            }
            SCRATCH.putInt(8, 1); // pinned, the only kind
            SCRATCH.putInt(16, DEVICE_LOCATION).putInt(20, device);
            int code = More.cuMemPoolCreate(address(SCRATCH), address(SCRATCH) + 8);
            pool[0] = SCRATCH.getLong(0);
            return code;
        }
    }

    static int setPoolAttribute(long pool, int attribute, long value) {
        synchronized (SCRATCH) {
            SCRATCH.putLong(0, value);
            return More.cuMemPoolSetAttribute(pool, attribute, address(SCRATCH));
        }
    }

    static int poolAttribute(long pool, int attribute, long[] value) {
        synchronized (SCRATCH) {
            int code = More.cuMemPoolGetAttribute(pool, attribute, address(SCRATCH));
            value[0] = SCRATCH.getLong(0);
            return code;
        }
    }

    /** Lets a device read and write the memory of a pool. */
    static int shareWith(long pool, int device) {
        synchronized (SCRATCH) {
            SCRATCH.putInt(0, DEVICE_LOCATION).putInt(4, device).putInt(8, READ_AND_WRITE);
            return More.cuMemPoolSetAccess(pool, address(SCRATCH), 1);
        }
    }

    static int trim(long pool, long bytesToKeep) {
        return More.cuMemPoolTrimTo(pool, bytesToKeep);
    }

    /** Allocates in a stream's order; the address is written where {@code result} points. */
    static int allocate(long result, long bytes, long pool, Stream stream) {
        return More.cuMemAllocFromPoolAsync(result, bytes, pool, stream.value());
    }

    static int free(long address, Stream stream) {
        return More.cuMemFreeAsync(address, stream.value());
    }

    /** Allocates pinned memory of this process, which every context may use. */
    static int allocateHost(ByteBuffer[] buffer, int bytes) {
        Pointer pointer = new Pointer();
        int code = JCudaDriver.cuMemHostAlloc(pointer, bytes, PORTABLE);
        buffer[0] = code == SUCCESS ? pointer.getByteBuffer(0, bytes) : null;
        return code;
    }

    static int freeHost(long address) {
        return JCudaDriver.cuMemFreeHost(new Address(address));
    }

    static int upload(long to, long from, long bytes, Stream stream) {
        return JCudaDriver.cuMemcpyHtoDAsync(at(to), new Address(from), bytes, stream);
    }

    static int download(long to, long from, long bytes, Stream stream) {
        return JCudaDriver.cuMemcpyDtoHAsync(new Address(to), at(from), bytes, stream);
    }

    static int copy(long to, long from, long bytes, Stream stream) {
        return JCudaDriver.cuMemcpyDtoDAsync(at(to), at(from), bytes, stream);
    }

    static int copyPeer(
            long to, Context toContext, long from, Context fromContext, long bytes, Stream stream) {
        return JCudaDriver.cuMemcpyPeerAsync(
                at(to), toContext, at(from), fromContext, bytes, stream);
    }

    static int fill(long to, byte value, long bytes, Stream stream) {
        return JCudaDriver.cuMemsetD8Async(at(to), value, bytes, stream);
    }

    // ---- kernels

    /** Loads a fatbin into the current context. */
    static int load(Module module, byte[] fatbin) {
        // Not JCuda's method for arrays: it would keep the garbage collector waiting meanwhile.
        ByteBuffer image = ByteBuffer.allocateDirect(fatbin.length + 16).alignedSlice(16);
        image.put(fatbin);
        try {
            return JCudaDriver.cuModuleLoadDataEx(
                    module, new Address(address(image)), 0, new int[0], Pointer.to(new int[0]));
        } finally {
            Reference.reachabilityFence(image);
        }
    }

    static int function(Function function, Module module, String symbol) {
        return JCudaDriver.cuModuleGetFunction(function, module, symbol);
    }

    static int attribute(Function function, int attribute, int[] value) {
        return JCudaDriver.cuFuncGetAttribute(value, attribute, function);
    }

    static int setAttribute(Function function, int attribute, int value) {
        return JCudaDriver.cuFuncSetAttribute(function, attribute, value);
    }

    static int occupancy(Function function, int threads, long sharedBytes, int[] blocks) {
        return JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                blocks, function, threads, sharedBytes);
    }

    /** Asks how many clusters of so many blocks, for which the kernel is compiled, fit. */
    static int clusters(
            Function function, int blocks, int threads, int sharedBytes, int[] clusters) {
        synchronized (SCRATCH) {
            // CUlaunchConfig: grid, block, shared memory, stream, attributes and their number.
            int[] dimensions = {blocks, 1, 1, threads, 1, 1, sharedBytes, 0, 0, 0, 0, 0, 0, 0};
            for (int i = 0; i < dimensions.length; i++) {
                SCRATCH.putInt(8 + Integer.BYTES * i, dimensions[i]);
            }
            int code =
                    More.cuOccupancyMaxActiveClusters(
                            address(SCRATCH), function.value(), address(SCRATCH) + 8);
            clusters[0] = SCRATCH.getInt(0);
            return code;
        }
    }

    static int launch(
            Function function,
            int gridX,
            int gridY,
            int gridZ,
            int threads,
            int sharedBytes,
            Stream stream,
            Address parameters) {
        return JCudaDriver.cuLaunchKernel(
                function,
                gridX,
                gridY,
                gridZ,
                threads,
                1,
                1,
                sharedBytes,
                stream,
                parameters,
                null);
    }

    /** Launches blocks that are all on the device at once, in a row. */
    static int launchCooperative(
            Function function,
            int grid,
            int threads,
            int sharedBytes,
            Stream stream,
            Address parameters) {
        return JCudaDriver.cuLaunchCooperativeKernel(
                function, grid, 1, 1, threads, 1, 1, sharedBytes, stream, parameters);
    }

    // ---- graphs

    static int beginCapture(Stream stream) {
        return JCudaDriver.cuStreamBeginCapture(
                stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED);
    }

    static int endCapture(Stream stream, Graph graph) {
        return JCudaDriver.cuStreamEndCapture(stream, graph);
    }

    static int instantiate(Executable executable, Graph graph) {
        return JCudaDriver.cuGraphInstantiate(executable, graph, 0);
    }

    static int launch(Executable executable, Stream stream) {
        return JCudaDriver.cuGraphLaunch(executable, stream);
    }

    static int destroy(Graph graph) {
        return JCudaDriver.cuGraphDestroy(graph);
    }

    static int destroy(Executable executable) {
        return JCudaDriver.cuGraphExecDestroy(executable);
    }

    // ---- tensor maps

    /**
     * Encodes a tensor map.
     *
     * @param map where it goes, aligned to 64 bytes
     * @param numbers its sizes and strides (five longs each), then its box and element strides
     *     (five ints each)
     */
    static int encode(
            ByteBuffer map,
            int type,
            int rank,
            long address,
            ByteBuffer numbers,
            int interleave,
            int swizzle,
            int promotion,
            int fill) {
        long from = address(numbers);
        try {
            return More.cuTensorMapEncodeTiled(
                    address(map),
                    type,
                    rank,
                    address,
                    from,
                    from + 40,
                    from + 80,
                    from + 100,
                    interleave,
                    swizzle,
                    promotion,
                    fill);
        } finally {
            Reference.reachabilityFence(map);
            Reference.reachabilityFence(numbers);
        }
    }
}
