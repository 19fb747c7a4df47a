package org.oktoblas.cuda;

/** A point in a stream's work, with its time. */
public final class CudaEvent implements AutoCloseable {

    private final CudaDevice device;
    private final Driver.Event event = new Driver.Event();
    private boolean closed;

    CudaEvent(CudaDevice device, Driver.Stream stream) {
        this.device = device;
        CudaException.check(Driver.createEvent(event, true), "cuEventCreate", device);
        CudaException.check(Driver.record(event, stream), "cuEventRecord", device);
    }

    /** Waits until the stream has reached this point. */
    public void synchronize() {
        device.makeCurrent();
        CudaException.check(Driver.synchronize(event), "cuEventSynchronize", device);
    }

    /** Waits until the stream has reached this point; returns the time since an earlier one. */
    public double millisecondsSince(CudaEvent start) {
        start.synchronize();
        synchronize();
        float[] milliseconds = new float[1];
        CudaException.check(
                Driver.elapsed(milliseconds, start.event, event), "cuEventElapsedTime", device);
        return milliseconds[0];
    }

    @Override
    public synchronized void close() {
        if (!closed && !device.isLost()) {
            device.makeCurrent();
            CudaException.check(Driver.destroy(event), "cuEventDestroy", device);
        }
        closed = true;
    }
}
