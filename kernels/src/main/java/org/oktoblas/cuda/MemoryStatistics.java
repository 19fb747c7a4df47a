package org.oktoblas.cuda;

/**
 * A device's memory, in bytes.
 *
 * @param used what arrays and workspaces of this process hold
 * @param peak the most that they ever held
 * @param reserved what this process's pool has taken from the device, used or kept for reuse
 * @param free what no process has taken
 * @param total what the device has
 * @param blocks how many arrays and workspaces there are
 */
public record MemoryStatistics(
        long used, long peak, long reserved, long free, long total, long blocks) {}
