package org.oktoblas.engine;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.cpu.CpuBackend;
import org.oktoblas.engine.cuda.CudaBackend;

/** Copies between the memories of two devices. */
final class DeviceCopy {

    /** Bytes that are handed over at a time: a Java buffer ends at two gigabytes. */
    private static final long PART = 1 << 30;

    private DeviceCopy() {}

    /**
     * Copies all elements of a contiguous tensor to another of the same data type and as many
     * elements, on another device.
     */
    static void run(Backend from, Tensor in, Backend to, Tensor out) {
        int width = Types.bytes(in.dataType());
        long bytes = in.layout().count() * width;
        long source = in.layout().offset() * width;
        long target = out.layout().offset() * width;
        if (from instanceof CudaBackend && to instanceof CudaBackend) {
            ((CudaBackend) to)
                    .receive(
                            (CudaBackend) from, in.storage(), source, out.storage(), target, bytes);
            return;
        }
        for (long done = 0; done < bytes; done += PART) {
            int size = (int) Math.min(PART, bytes - done);
            if (to instanceof CudaBackend) {
                to.write(
                        CpuBackend.bytes(in.storage(), source + done, size),
                        out.storage(),
                        target + done);
            } else {
                from.read(
                        in.storage(),
                        source + done,
                        CpuBackend.bytes(out.storage(), target + done, size));
            }
        }
    }
}
