package org.oktoblas.cuda;

import java.util.Arrays;

/**
 * A block of device memory that several streams may use.
 *
 * <p>It knows who used it last: the stream that wrote it, and the streams that have read it since,
 * each with the number of the operation. Who is about to use it says so with {@link #readOn} or
 * {@link #writeOn} under the lock of the stream and before launching anything, and that stream is
 * made to wait for exactly what it must: a reader for the last writer, a writer for the readers
 * too. While only the home stream uses a block, that costs no call of the driver.
 *
 * <p>Blocks are freed by their owner, never by the garbage collector.
 */
public final class DeviceMemory {

    private final CudaStream home;
    private final long address;
    private final long byteSize;
    private final long blockBytes;

    /** The capture that this was allocated in, whose graph owns it; null for others. */
    private final Capture capture;

    private CudaStream writer;
    private long writerTicket;
    private long homeTicket;
    private CudaStream[] readers;
    private long[] readerTickets;
    private int readerCount;
    private int graphs;
    private boolean freed;

    DeviceMemory(CudaStream home, long address, long byteSize, long blockBytes, Capture capture) {
        this.home = home;
        this.address = address;
        this.byteSize = byteSize;
        this.blockBytes = blockBytes;
        this.capture = capture;
        this.writer = home;
        this.writerTicket = home.ticket();
    }

    /** Returns where the block begins, a multiple of 256. */
    public long address() {
        return address;
    }

    /** Returns the bytes that were asked for. */
    public long byteSize() {
        return byteSize;
    }

    /** Returns the stream that the block was allocated on. */
    public CudaStream home() {
        return home;
    }

    /** Makes a stream wait for the last write, and notes that it reads. */
    public void readOn(CudaStream stream) {
        Capture recording = stream.capturing();
        if (recording != null) {
            recording.uses(this, false);
        } else {
            read(stream);
        }
    }

    /** Makes a stream wait for the last write and all reads since, and notes that it writes. */
    public void writeOn(CudaStream stream) {
        Capture recording = stream.capturing();
        if (recording != null) {
            recording.uses(this, true);
        } else {
            write(stream);
        }
    }

    synchronized void read(CudaStream stream) {
        requireLive();
        if (writer != stream) {
            stream.waitFor(writer, writerTicket);
        }
        if (stream == home) {
            homeTicket = stream.ticket();
        } else {
            noteReader(stream);
        }
    }

    synchronized void write(CudaStream stream) {
        requireLive();
        waitForAll(stream);
        // Who waits for this write waits for all that it waited for.
        readerCount = 0;
        homeTicket = 0;
        writer = stream;
        writerTicket = stream.ticket();
    }

    private void waitForAll(CudaStream stream) {
        if (writer != stream) {
            stream.waitFor(writer, writerTicket);
        }
        if (stream != home) {
            stream.waitFor(home, homeTicket);
        }
        for (int i = 0; i < readerCount; i++) {
            stream.waitFor(readers[i], readerTickets[i]);
        }
    }

    private void noteReader(CudaStream stream) {
        long ticket = stream.ticket();
        for (int i = 0; i < readerCount; i++) {
            if (readers[i] == stream) {
                readerTickets[i] = ticket;
                return;
            }
        }
        if (readers == null) {
            readers = new CudaStream[2];
            readerTickets = new long[2];
        } else if (readers.length == readerCount) {
            readers = Arrays.copyOf(readers, 2 * readerCount);
            readerTickets = Arrays.copyOf(readerTickets, 2 * readerCount);
        }
        readers[readerCount] = stream;
        readerTickets[readerCount++] = ticket;
    }

    private void requireLive() {
        if (freed && graphs == 0) {
            throw new IllegalStateException("This device memory has been freed");
        }
    }

    /**
     * Frees the block, once: the home stream waits for the other streams that used it, and then has
     * it for new arrays. A block that a graph uses is freed when the graph is closed.
     */
    public void free() {
        synchronized (this) {
            if (freed) {
                return;
            }
            freed = true;
            if (graphs > 0 && capture == null) {
                return;
            }
        }
        if (capture != null) {
            capture.giveBack(address, blockBytes);
        } else {
            release();
        }
    }

    private void release() {
        if (!home.device().isLost()) {
            try {
                synchronized (this) {
                    waitForAll(home);
                }
            } catch (CudaException e) {
                // Others may still use the block, so that no array can have it, but nobody holds
                // it.
                home.device().pool().returned(blockBytes);
                throw e;
            }
        }
        home.recycle(address, blockBytes);
    }

    /** Keeps the block alive for a graph. */
    synchronized void hold() {
        requireLive();
        graphs++;
    }

    /** Lets go of what a graph held. */
    void letGo() {
        synchronized (this) {
            graphs--;
            if (graphs > 0 || !freed || capture != null) {
                return;
            }
        }
        release();
    }

    /** Returns whether the block was allocated within a capture. */
    boolean belongsTo(Capture owner) {
        return capture == owner;
    }

    /** Returns whether the owner has freed the block. */
    synchronized boolean isFreed() {
        return freed;
    }
}
