package org.oktoblas.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import org.oktoblas.kernels.KernelLibrary;
import org.oktoblas.kernels.ProbeLibrary;

/** The test kernels on a device, and what tests do over and over. */
final class Probes {

    final CudaDevice device;
    final CudaKernel add;
    final CudaKernel combine;

    private final KernelLibrary library = ProbeLibrary.open();

    Probes(CudaDevice device) {
        this.device = device;
        add = kernel("probe_add");
        combine = kernel("probe_combine");
    }

    CudaKernel kernel(String symbol) {
        return device.load(library, symbol);
    }

    /** Adds a value to integers, after waiting for so many ticks. */
    void add(CudaStream stream, long data, int count, int value, int delay) {
        stream.launch(
                add,
                blocks(count),
                Arguments.start().pointer(data).int32(count).int32(value).int32(delay));
    }

    /** Computes out = out * factor + in. */
    void combine(CudaStream stream, long out, long in, int count, int factor) {
        stream.launch(
                combine,
                blocks(count),
                Arguments.start().pointer(out).pointer(in).int32(count).int32(factor));
    }

    private int blocks(int count) {
        return (count + add.threads() - 1) / add.threads();
    }

    static ByteBuffer buffer(int... values) {
        ByteBuffer buffer =
                ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.nativeOrder());
        buffer.asIntBuffer().put(values);
        return buffer;
    }

    static int[] download(CudaStream stream, long from, int count) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * count).order(ByteOrder.nativeOrder());
        stream.download(from, buffer);
        int[] values = new int[count];
        IntBuffer ints = buffer.asIntBuffer();
        ints.get(values);
        return values;
    }
}
