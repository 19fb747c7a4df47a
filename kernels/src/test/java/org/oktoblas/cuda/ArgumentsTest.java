package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The struct has the size and the places that a C++ compiler gives it. */
class ArgumentsTest {

    @Test
    void fieldsAreAligned() {
        assertEquals(0, Arguments.start().size());
        assertEquals(4, Arguments.start().int32(1).size());
        assertEquals(12, Arguments.start().int32(1).float32(2).int32(3).size());
        assertEquals(16, Arguments.start().int32(1).int64(2).size());
        assertEquals(16, Arguments.start().int64(2).int32(1).size(), "filled up at its end");
        assertEquals(24, Arguments.start().float32(1).float64(2).float32(3).size());
        assertEquals(8, Arguments.start().pointer(1).size());
    }

    @Test
    void rawBytesAreAligned() {
        ByteBuffer map = ByteBuffer.allocateDirect(128);
        assertEquals(192, Arguments.start().int32(1).bytes(map, 64).size());
        assertEquals(192, Arguments.start().bytes(map, 64).pointer(1).size());
        assertEquals(0, map.position());
    }

    @Test
    void aThreadHasOne() {
        Arguments first = Arguments.start().int64(1);
        assertSame(first, Arguments.start());
        assertEquals(0, first.size());
        assertEquals(4, first.int32(1).size(), "the alignment of before is forgotten");
    }
}
