package org.oktoblas.convert;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import org.oktoblas.okm.OkmType;

/** Writes a tensor's elements, as they are or cast to another type. */
final class TensorCast {
    private static final int CHUNK = 1 << 16;
    private static final int KEPT_CHUNK = 1 << 22;

    private TensorCast() {}

    /**
     * Casts and writes.
     *
     * @param source little-endian elements of the type {@code from}
     * @param where file and tensor, for messages
     * @throws MalformedModelException if a finite value is too large for the type {@code to}
     */
    static void write(
            ByteBuffer source, OkmType from, OkmType to, WritableByteChannel out, String where)
            throws IOException, MalformedModelException {
        if (from == to) {
            // In pieces, so that whoever watches the progress sees some.
            // The last step may lead beyond the largest int.
            for (long at = 0; at < source.limit(); at += KEPT_CHUNK) {
                int length = (int) Math.min(KEPT_CHUNK, source.limit() - at);
                out.write(source.slice((int) at, length));
            }
            return;
        }
        ByteBuffer rest = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK * to.byteSize());
        chunk.order(ByteOrder.LITTLE_ENDIAN);
        while (rest.hasRemaining()) {
            chunk.clear();
            for (int i = 0; i < CHUNK && rest.hasRemaining(); i++) {
                float value = read(rest, from);
                if (!write(chunk, to, value)) {
                    throw new MalformedModelException(
                            where
                                    + " has the value "
                                    + value
                                    + ", too large for "
                                    + to
                                    + "; keep F32, or cast to BF16");
                }
            }
            out.write(chunk.flip());
        }
    }

    private static float read(ByteBuffer source, OkmType type) {
        return switch (type) {
            case F32 -> source.getFloat();
            case F16 -> HalfFloats.fromF16(source.getShort());
            case BF16 -> HalfFloats.fromBf16(source.getShort());
        };
    }

    /** Writes a value, unless it was finite and would not be any more. */
    private static boolean write(ByteBuffer target, OkmType type, float value) {
        switch (type) {
            case F32 -> {
                target.putFloat(value);
                return true;
            }
            case F16 -> {
                short half = HalfFloats.toF16(value);
                target.putShort(half);
                return !Float.isFinite(value) || Float.isFinite(HalfFloats.fromF16(half));
            }
            case BF16 -> {
                short half = HalfFloats.toBf16(value);
                target.putShort(half);
                return !Float.isFinite(value) || Float.isFinite(HalfFloats.fromBf16(half));
            }
            default -> throw new IllegalArgumentException("unknown type " + type);
        }
    }
}
