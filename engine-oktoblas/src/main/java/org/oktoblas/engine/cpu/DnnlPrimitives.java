package org.oktoblas.engine.cpu;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Remembers compiled operations: compiling one takes milliseconds. The least recently used ones are
 * given up, since every length of a prompt makes new shapes.
 */
final class DnnlPrimitives {

    private static final int CAPACITY = 256;

    private static final Map<Key, DnnlPrimitive> CACHE = new LinkedHashMap<>(64, 0.75f, true);

    private DnnlPrimitives() {}

    /** What an operation was compiled for. */
    record Key(long... values) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && Arrays.equals(values, key.values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }

        @Override
        public String toString() {
            return Arrays.toString(values);
        }
    }

    /** Returns an operation, compiled now if it is new. The caller releases it. */
    static DnnlPrimitive get(Key key, Supplier<DnnlPrimitive> compiler) {
        synchronized (CACHE) {
            DnnlPrimitive known = CACHE.get(key);
            if (known != null && known.retain()) {
                return known;
            }
        }
        DnnlPrimitive compiled = compiler.get();
        synchronized (CACHE) {
            DnnlPrimitive known = CACHE.get(key);
            if (known != null && known.retain()) {
                // Another thread was faster.
                compiled.release();
                return known;
            }
            compiled.retain();
            CACHE.put(key, compiled);
            if (CACHE.size() > CAPACITY) {
                Iterator<DnnlPrimitive> eldest = CACHE.values().iterator();
                DnnlPrimitive dropped = eldest.next();
                eldest.remove();
                dropped.release();
            }
            return compiled;
        }
    }
}
