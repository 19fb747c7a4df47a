package org.oktoblas.engine.backend;

/**
 * What is taken of a device's memory, in bytes.
 *
 * @param used what arrays, packed weights and running operations of this process take
 * @param peak the most that {@code used} has been
 * @param reserved what this process has taken from the system for them, to reuse what was freed
 * @param free what the system could still give, or -1 where that is not known
 * @param total what the device has, or -1 where that is not known
 */
public record MemoryUse(long used, long peak, long reserved, long free, long total) {}
