package org.oktoblas.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Work that was captured on a stream and is replayed as one launch, on the same memory: inputs are
 * changed by writing into the arrays that it read, results are found in the arrays that it wrote.
 *
 * <p>Memory allocated within the capture belongs to the graph and lives until it is closed. Other
 * memory that the work used stays allocated until then, even if its owner frees it.
 */
public final class CudaGraph implements AutoCloseable {

    private final CudaStream home;
    private final Driver.Executable executable;
    private final Capture capture;
    private final long bornAt;
    private final DeviceMemory[] memory;
    private final boolean[] writes;
    private final List<CudaStream> launchedOn = new ArrayList<>();
    private boolean closed;

    CudaGraph(CudaStream home, Driver.Executable executable, Capture capture) {
        this.home = home;
        this.executable = executable;
        this.capture = capture;
        this.bornAt = home.ticket();
        Map<DeviceMemory, Boolean> uses = capture.uses();
        memory = uses.keySet().toArray(new DeviceMemory[0]);
        writes = new boolean[memory.length];
        for (int i = 0; i < memory.length; i++) {
            writes[i] = uses.get(memory[i]);
        }
    }

    /**
     * Replays the work on a stream, in its order and after what other streams do with the memory.
     * Replays of one graph never overlap.
     */
    public void launch(CudaStream stream) {
        if (stream.device() != home.device()) {
            throw new IllegalArgumentException(
                    "A graph of " + home.device() + " cannot run on " + stream.device());
        }
        stream.lock().lock();
        try {
            synchronized (this) {
                if (closed) {
                    throw new IllegalStateException("This graph is closed");
                }
                if (!launchedOn.contains(stream)) {
                    launchedOn.add(stream);
                }
                stream.requireNoCapture("A graph's launch");
                stream.device().makeCurrent();
                // The graph's own blocks were allocated in the order of its home.
                stream.waitFor(home, bornAt);
                for (int i = 0; i < memory.length; i++) {
                    if (writes[i]) {
                        memory[i].write(stream);
                    } else {
                        memory[i].read(stream);
                    }
                }
                // The first launch on a device takes the graph there, which needs memory.
                CudaException.check(
                        stream.device()
                                .callInNeed(() -> Driver.launch(executable, stream.handle())),
                        "cuGraphLaunch",
                        stream.device());
            }
        } finally {
            stream.lock().unlock();
        }
    }

    /**
     * Frees the graph and its memory once its replays are done; of a lost device, only the figures
     * know it.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        CudaDevice device = home.device();
        try {
            if (!device.isLost()) {
                device.makeCurrent();
                for (CudaStream stream : launchedOn) {
                    home.waitFor(stream, Long.MAX_VALUE);
                }
                Driver.destroy(executable);
            }
            capture.release();
        } catch (CudaException e) {
            if (device.isLost()) {
                // Nothing is there to wait for; the figures still count what is left.
                capture.release();
            }
            throw e;
        }
    }
}
