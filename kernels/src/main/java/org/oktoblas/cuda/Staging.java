package org.oktoblas.cuda;

import java.nio.ByteBuffer;

/**
 * Pinned memory that a stream's transfers pass through, since the device copies from and to such
 * memory without the processor. Two halves: while the device copies one, this process fills or
 * empties the other. Belongs to one stream at a time and is used under its lock.
 */
final class Staging {

    /** Buffers that a device keeps for streams to come. */
    static final int KEPT = 4;

    private static final int HALF = 4 << 20;
    private static final int ALIGNMENT = 256;

    private final CudaDevice device;
    private final ByteBuffer buffer;
    private final long address;
    private final Driver.Event[] events = {new Driver.Event(), new Driver.Event()};
    private final boolean[] busy = new boolean[2];
    private int half;
    private int position;

    /** Makes the buffer; the device's context is current. */
    Staging(CudaDevice device) {
        this.device = device;
        ByteBuffer[] made = new ByteBuffer[1];
        check(Driver.allocateHost(made, 2 * HALF), "cuMemHostAlloc");
        buffer = made[0];
        address = Driver.address(buffer);
        for (Driver.Event event : events) {
            check(Driver.createEvent(event, false), "cuEventCreate");
        }
    }

    private void check(int code, String call) {
        CudaException.check(code, call, device);
    }

    /** Copies a buffer's remaining bytes; they may be changed when this returns. */
    void upload(ByteBuffer from, long to, Driver.Stream stream) {
        int start = from.position();
        int bytes = from.remaining();
        for (int done = 0; done < bytes; ) {
            if (position == HALF) {
                turn();
            }
            int part = Math.min(bytes - done, HALF - position);
            int at = half * HALF + position;
            buffer.put(at, from, start + done, part);
            check(Driver.upload(to + done, address + at, part, stream), "cuMemcpyHtoDAsync");
            check(Driver.record(events[half], stream), "cuEventRecord");
            busy[half] = true;
            position = Math.min(HALF, position + part + ALIGNMENT - 1 & -ALIGNMENT);
            done += part;
        }
    }

    /** Fills a buffer's remaining bytes, which are there when this returns. */
    void download(long from, ByteBuffer to, Driver.Stream stream) {
        int start = to.position();
        int bytes = to.remaining();
        if (bytes == 0) {
            // Nothing is waited for, so uploads may still read from here.
            return;
        }
        // What the stream still uploads from here is done before it writes here.
        int asked = 0;
        int[] parts = new int[2];
        for (int got = 0, side = 0; got < bytes; side ^= 1) {
            while (asked < bytes && parts[asked / HALF & 1] == 0) {
                int into = asked / HALF & 1;
                parts[into] = Math.min(HALF, bytes - asked);
                check(
                        Driver.download(
                                address + (long) into * HALF, from + asked, parts[into], stream),
                        "cuMemcpyDtoHAsync");
                check(Driver.record(events[into], stream), "cuEventRecord");
                asked += parts[into];
            }
            check(Driver.synchronize(events[side]), "cuEventSynchronize");
            to.put(start + got, buffer, side * HALF, parts[side]);
            got += parts[side];
            parts[side] = 0;
        }
        busy[0] = false;
        busy[1] = false;
        half = 0;
        position = 0;
    }

    private void turn() {
        half ^= 1;
        await(half);
        position = 0;
    }

    private void await(int side) {
        if (busy[side]) {
            check(Driver.synchronize(events[side]), "cuEventSynchronize");
            busy[side] = false;
        }
    }

    /** Waits until the device needs nothing of this any more, for a stream that had it before. */
    void settle() {
        await(0);
        await(1);
        position = 0;
    }

    /** Frees the buffer. */
    void close() {
        settle();
        for (Driver.Event event : events) {
            Driver.destroy(event);
        }
        Driver.freeHost(address);
    }
}
