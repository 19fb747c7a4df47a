package org.oktoblas.cuda;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;

/**
 * A queue of work of one device. Work of one stream runs in order; streams run beside each other
 * and beside the host, which waits only where a method says so.
 *
 * <p>Any thread may use a stream. Several calls that belong together are bracketed by its lock:
 *
 * <pre>{@code
 * stream.lock().lock();
 * try {
 *     in.readOn(stream);
 *     out.writeOn(stream);
 *     stream.launch(kernel, grid, arguments);
 * } finally {
 *     stream.lock().unlock();
 * }
 * }</pre>
 *
 * <p>What is between is one operation, which {@link DeviceMemory} knows by its number; the
 * outermost unlock ends it. A thread that holds the lock of one stream must not take that of
 * another.
 */
public final class CudaStream {

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    /** Ends an operation when it is released for good. */
    private final class OperationLock extends ReentrantLock {
        @Override
        public void unlock() {
            if (getHoldCount() == 1) {
                enqueued++;
            }
            super.unlock();
        }
    }

    private final CudaDevice device;
    private final int number = NUMBERS.getAndIncrement();
    private final OperationLock lock = new OperationLock();
    private final Driver.Stream handle = new Driver.Stream();

    /** Marks the end of this stream's work for others to wait for; recorded anew each time. */
    private final Driver.Event mark = new Driver.Event();

    private final StreamBlocks blocks;

    /**
     * Operations that are complete, that is, wholly given to the driver; written under the lock.
     */
    private volatile long enqueued;

    /** By number of another stream: up to which of its operations this one has waited. */
    private long[] waited = new long[8];

    /** Where launches go: the handle, or while work is captured a stream made for that. */
    private Driver.Stream active = handle;

    private Capture capture;
    private Staging staging;
    private String lastKernel;

    /** Makes a stream; the device's context exists. */
    CudaStream(CudaDevice device) {
        this.device = device;
        blocks = new StreamBlocks(device, handle);
        device.makeCurrent();
        check(Driver.createStream(handle), "cuStreamCreate");
        check(Driver.createEvent(mark, false), "cuEventCreate");
    }

    /** Returns the stream's device. */
    public CudaDevice device() {
        return device;
    }

    /** Returns the lock that makes an operation of the calls between. */
    public ReentrantLock lock() {
        return lock;
    }

    // ---- memory

    /**
     * Allocates memory in the stream's order.
     *
     * @throws CudaOutOfMemoryException if there is not enough even without reserves
     */
    public DeviceMemory allocate(long bytes) {
        long blockBytes = StreamBlocks.blockBytes(bytes);
        Capture recording = capturing();
        long address = recording != null ? recording.take(blockBytes) : allocateBlock(blockBytes);
        return new DeviceMemory(this, address, bytes, blockBytes, recording);
    }

    /** Allocates memory that only this stream uses, until it is closed. */
    public Workspace workspace(long bytes) {
        long blockBytes = StreamBlocks.blockBytes(bytes);
        Capture recording = capturing();
        long address = recording != null ? recording.take(blockBytes) : allocateBlock(blockBytes);
        return new Workspace(this, address, blockBytes, recording);
    }

    /** Returns the address of a new block, in the order of this stream outside any capture. */
    long allocateBlock(long blockBytes) {
        return blocks.take(blockBytes);
    }

    /** Takes a block back in the order of this stream. */
    void recycle(long address, long blockBytes) {
        blocks.give(address, blockBytes);
    }

    /** Gives the freed blocks that are kept here to the device's pool. */
    void dropCache() {
        blocks.drop();
    }

    // ---- copies

    /**
     * Copies a buffer's bytes from its position to its limit to the device. The buffer may be
     * changed when this returns; its position stays.
     */
    public void upload(ByteBuffer from, long to) {
        lock.lock();
        try {
            requireNoCapture("An upload");
            device.makeCurrent();
            staging().upload(from, to, handle);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Fills a buffer from its position to its limit with bytes of the device, which are there when
     * this returns; its position stays.
     */
    public void download(long from, ByteBuffer to) {
        lock.lock();
        try {
            requireNoCapture("A download");
            device.makeCurrent();
            staging().download(from, to, handle);
        } finally {
            lock.unlock();
        }
    }

    private Staging staging() {
        if (staging == null) {
            staging = device.borrowStaging();
        }
        return staging;
    }

    /** Copies bytes within the device; the two regions do not overlap. */
    public void copy(long from, long to, long bytes) {
        if (bytes == 0) {
            return;
        }
        lock.lock();
        try {
            device.makeCurrent();
            check(Driver.copy(to, from, bytes, active), "cuMemcpyDtoDAsync");
        } finally {
            lock.unlock();
        }
    }

    /**
     * Copies bytes from another device, after what a stream there has been given until now, which
     * in turn does nothing more before the copy is done.
     */
    public void copyFromPeer(CudaStream source, long from, long to, long bytes) {
        if (bytes == 0) {
            return;
        }
        lock.lock();
        try {
            requireNoCapture("A copy between devices");
            device.reaches(source.device);
            waitFor(source, Long.MAX_VALUE);
            device.makeCurrent();
            int code =
                    source.device == device
                            ? Driver.copy(to, from, bytes, handle)
                            : Driver.copyPeer(
                                    to,
                                    device.context(),
                                    from,
                                    source.device.context(),
                                    bytes,
                                    handle);
            check(code, "cuMemcpyPeerAsync");
            source.waitFor(this, Long.MAX_VALUE);
        } finally {
            lock.unlock();
        }
    }

    /** Sets every byte of a region. */
    public void fill(long to, int byteValue, long bytes) {
        if (bytes == 0) {
            return;
        }
        lock.lock();
        try {
            device.makeCurrent();
            check(Driver.fill(to, (byte) byteValue, bytes, active), "cuMemsetD8Async");
        } finally {
            lock.unlock();
        }
    }

    // ---- launches

    /** Launches a kernel over a row of blocks. */
    public void launch(CudaKernel kernel, int grid, Arguments arguments) {
        launch(kernel, grid, 1, 1, 0, arguments);
    }

    /**
     * Launches a kernel, with as many threads a block as it was compiled for.
     *
     * @param gridX blocks along x, from 1 to 2^31 - 1
     * @param gridY blocks along y, from 1 to 65,535
     * @param gridZ blocks along z, from 1 to 65,535
     * @param dynamicSharedBytes the shared memory of a block beside what the kernel declares
     * @param arguments the kernel's one struct
     * @throws IllegalArgumentException if the kernel cannot be launched like that
     */
    public void launch(
            CudaKernel kernel,
            int gridX,
            int gridY,
            int gridZ,
            int dynamicSharedBytes,
            Arguments arguments) {
        require(kernel, gridX, gridY, gridZ, dynamicSharedBytes, arguments);
        enqueue(
                kernel,
                "cuLaunchKernel",
                () ->
                        Driver.launch(
                                kernel.function(),
                                gridX,
                                gridY,
                                gridZ,
                                kernel.threads(),
                                dynamicSharedBytes,
                                active,
                                arguments.handle()),
                gridX,
                gridY,
                gridZ,
                dynamicSharedBytes);
    }

    /**
     * Launches a kernel over a row of blocks that may wait for each other, as all of them are on
     * the device at once.
     *
     * @param grid blocks, no more than the device holds at once
     * @param dynamicSharedBytes the shared memory of a block beside what the kernel declares
     * @param arguments the kernel's one struct
     * @throws IllegalArgumentException if the kernel cannot be launched like that
     */
    public void launchCooperative(
            CudaKernel kernel, int grid, int dynamicSharedBytes, Arguments arguments) {
        require(kernel, grid, 1, 1, dynamicSharedBytes, arguments);
        long most =
                device.properties().cooperativeLaunch()
                        ? (long) kernel.blocksPerMultiprocessor(dynamicSharedBytes)
                                * device.properties().multiprocessors()
                        : 0;
        if (grid > most) {
            throw Launch.tooManyAtOnce(kernel, grid, dynamicSharedBytes, most);
        }
        enqueue(
                kernel,
                "cuLaunchCooperativeKernel",
                () ->
                        Driver.launchCooperative(
                                kernel.function(),
                                grid,
                                kernel.threads(),
                                dynamicSharedBytes,
                                active,
                                arguments.handle()),
                grid,
                1,
                1,
                dynamicSharedBytes);
    }

    private void require(
            CudaKernel kernel, int x, int y, int z, int dynamicSharedBytes, Arguments arguments) {
        if (!Launch.isPossible(device, kernel, x, y, z, dynamicSharedBytes, arguments)) {
            throw Launch.refused(device, kernel, x, y, z, dynamicSharedBytes, arguments);
        }
    }

    private void enqueue(
            CudaKernel kernel,
            String name,
            IntSupplier call,
            int x,
            int y,
            int z,
            int dynamicSharedBytes) {
        lock.lock();
        try {
            device.makeCurrent();
            kernel.grant(dynamicSharedBytes);
            // A capture that a launch failed in may be void: a second try would hide why.
            int code = capture == null ? device.callInNeed(call) : call.getAsInt();
            if (code != Driver.SUCCESS) {
                throw CudaException.of(
                        code,
                        name,
                        device,
                        Launch.describe(kernel, x, y, z, dynamicSharedBytes)
                                + (lastKernel == null ? "" : "; " + lastLaunch()));
            }
            lastKernel = kernel.symbol();
        } finally {
            lock.unlock();
        }
    }

    private String lastLaunch() {
        return lastKernel == null ? null : "the stream's last kernel was " + lastKernel;
    }

    // ---- order

    /** Makes this stream wait for all that another has been given until now. */
    public void waitFor(CudaStream other) {
        lock.lock();
        try {
            requireNoCapture("Waiting for another stream");
            waitFor(other, Long.MAX_VALUE);
        } finally {
            lock.unlock();
        }
    }

    /** Makes this stream wait for an operation of another, unless it already has. */
    void waitFor(CudaStream other, long ticket) {
        if (other == this) {
            return;
        }
        synchronized (mark) {
            if (other.number < waited.length && ticket <= waited[other.number]) {
                return;
            }
            // Read first: the event covers at least the operations that were complete by then.
            long reached = other.enqueued;
            other.device.makeCurrent();
            check(Driver.record(other.mark, other.handle), "cuEventRecord");
            device.makeCurrent();
            check(Driver.await(handle, other.mark), "cuStreamWaitEvent");
            if (other.number >= waited.length) {
                waited = Arrays.copyOf(waited, Math.max(2 * waited.length, other.number + 1));
            }
            waited[other.number] = reached;
        }
    }

    /** Returns the number of the operation that is under way, or comes next. */
    long ticket() {
        return enqueued + 1;
    }

    /** Waits until all work of this stream is done. */
    public void synchronize() {
        if (capturing() != null) {
            throw new IllegalStateException("Waiting for a stream cannot be captured into a graph");
        }
        device.makeCurrent();
        int code = Driver.synchronize(handle);
        if (code != Driver.SUCCESS) {
            throw CudaException.of(code, "cuStreamSynchronize", device, lastLaunch());
        }
    }

    /**
     * Returns whether all work of this stream is done, without waiting.
     *
     * @throws CudaException if it failed
     */
    public boolean isIdle() {
        device.makeCurrent();
        int code = Driver.query(handle);
        if (code != Driver.SUCCESS && code != Driver.NOT_READY) {
            throw CudaException.of(code, "cuStreamQuery", device, lastLaunch());
        }
        return code == Driver.SUCCESS;
    }

    /** Waits for the work of a stream on behalf of another, which needs its memory. */
    void synchronizeQuietly() {
        Driver.synchronize(handle);
    }

    /** Notes a point in the stream's work. */
    public CudaEvent record() {
        requireNoCapture("An event");
        device.makeCurrent();
        return new CudaEvent(device, handle);
    }

    // ---- graphs

    /**
     * Captures what a piece of work enqueues on this stream, without running it. Kernels, copies
     * within the device, fills and allocations may be captured; transfers from and to the host and
     * waiting may not.
     *
     * @param work uses this stream from the calling thread alone
     */
    public CudaGraph capture(Runnable work) {
        lock.lock();
        try {
            requireNoCapture("A capture");
            device.makeCurrent();
            Capture recording = new Capture(this);
            // A stream of its own, so that others may wait for this one meanwhile.
            Driver.Stream recorder = new Driver.Stream();
            check(Driver.createStream(recorder), "cuStreamCreate");
            Driver.Graph graph = new Driver.Graph();
            boolean done = false;
            try {
                check(Driver.beginCapture(recorder), "cuStreamBeginCapture");
                active = recorder;
                capture = recording;
                int code;
                try {
                    work.run();
                } finally {
                    active = handle;
                    capture = null;
                    device.makeCurrent();
                    code = Driver.endCapture(recorder, graph);
                }
                check(code, "cuStreamEndCapture");
                recording.end();
                Driver.Executable executable = new Driver.Executable();
                check(
                        device.callInNeed(() -> Driver.instantiate(executable, graph)),
                        "cuGraphInstantiate");
                CudaGraph result = new CudaGraph(this, executable, recording);
                done = true;
                return result;
            } finally {
                if (!done) {
                    recording.release();
                }
                Driver.destroy(graph);
                Driver.destroy(recorder);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns the capture that the calling thread is making on this stream, or null. */
    Capture capturing() {
        return lock.isHeldByCurrentThread() ? capture : null;
    }

    void requireNoCapture(String what) {
        if (capturing() != null) {
            throw new IllegalStateException(what + " cannot be captured into a graph");
        }
    }

    Driver.Stream handle() {
        return handle;
    }

    /** Lets go of what an idle stream need not keep. */
    void rest() {
        lock.lock();
        try {
            device.makeCurrent();
            dropCache();
            if (staging != null) {
                Staging returned = staging;
                staging = null;
                device.giveBack(returned);
            }
        } finally {
            lock.unlock();
        }
    }

    private void check(int code, String call) {
        if (code != Driver.SUCCESS) {
            throw CudaException.of(code, call, device, lastLaunch());
        }
    }
}
