package org.oktoblas.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.okm.OkmType;

class TensorCastTest {

    @TempDir private Path folder;

    /** Counts bytes without looking at them: a sparse file costs nothing then. */
    private static final class Counter implements WritableByteChannel {
        private long count;

        @Override
        public int write(ByteBuffer source) {
            int length = source.remaining();
            count += length;
            source.position(source.limit());
            return length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }

    @Test
    void theLargestTensorIsKeptWhole() throws Exception {
        int size = Integer.MAX_VALUE - 3;
        Path path = folder.resolve("sparse");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(size);
            ByteBuffer source = file.getChannel().map(MapMode.READ_ONLY, 0, size);
            Counter counter = new Counter();
            TensorCast.write(source, OkmType.F32, OkmType.F32, counter, "sparse");
            assertEquals(size, counter.count);
        }
    }
}
