package org.oktoblas.cuda;

/** Memory that one stream uses for a moment; closing it frees it in the stream's order. */
public final class Workspace implements AutoCloseable {

    private final CudaStream stream;
    private final Capture capture;
    private final long address;
    private final long blockBytes;
    private boolean closed;

    Workspace(CudaStream stream, long address, long blockBytes, Capture capture) {
        this.stream = stream;
        this.capture = capture;
        this.address = address;
        this.blockBytes = blockBytes;
    }

    /** Returns where it begins, a multiple of 256. */
    public long address() {
        return address;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (capture != null) {
            capture.giveBack(address, blockBytes);
        } else {
            stream.recycle(address, blockBytes);
        }
    }
}
