package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class BlockCacheTest {

    @Test
    void aClassHoldsWhatIsAskedForAndLittleMore() {
        long bytes = 0;
        int before = 0;
        while (bytes <= BlockCache.LARGEST) {
            int sizeClass = BlockCache.sizeClass(bytes);
            long size = BlockCache.classBytes(sizeClass);
            assertTrue(size >= bytes, "block for " + bytes);
            assertTrue(
                    size <= Math.max(BlockCache.UNIT, bytes + BlockCache.UNIT + bytes / 8),
                    size + " bytes for " + bytes);
            assertEquals(0, size % BlockCache.UNIT);
            assertEquals(sizeClass, BlockCache.sizeClass(size), "a block is of its own class");
            assertTrue(sizeClass == before || sizeClass == before + 1, "no class is left out");
            before = sizeClass;
            bytes += 1 + bytes / 1000;
        }
        assertEquals(BlockCache.LARGEST, BlockCache.classBytes(BlockCache.CLASSES - 1));
    }

    @Test
    void keepsUpToItsLimit() {
        BlockCache cache = new BlockCache(10 * BlockCache.UNIT);
        assertEquals(0, cache.take(0));
        for (int i = 1; i <= 10; i++) {
            assertTrue(cache.keep(0, i));
        }
        assertFalse(cache.keep(0, 11));
        assertEquals(10, cache.take(0));
        assertFalse(cache.keep(1, 12), "two units do not fit");
        assertEquals(9, cache.take(0));
        assertTrue(cache.keep(1, 12));
        assertEquals(0, cache.take(2));
        assertArrayEquals(new long[] {1, 2, 3, 4, 5, 6, 7, 8, 12}, cache.drain());
        assertEquals(0, cache.drain().length);
        assertEquals(0, cache.take(1));
        assertTrue(cache.keep(8, 13));
    }

    @Test
    void sizesAreRounded() {
        assertEquals(512, StreamBlocks.blockBytes(0));
        assertEquals(512, StreamBlocks.blockBytes(512));
        assertEquals(1024, StreamBlocks.blockBytes(513));
        assertEquals(9 << 20, StreamBlocks.blockBytes((8 << 20) + 1));
        assertEquals(BlockCache.LARGEST + 512, StreamBlocks.blockBytes(BlockCache.LARGEST + 1));
        assertTrue(StreamBlocks.blockBytes(Long.MAX_VALUE) > 1L << 59);
        assertThrows(IllegalArgumentException.class, () -> StreamBlocks.blockBytes(-1));
    }
}
