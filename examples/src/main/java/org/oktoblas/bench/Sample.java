package org.oktoblas.bench;

/**
 * What one generation took.
 *
 * @param firstMillis milliseconds to the first token
 * @param totalMillis milliseconds to the last token
 * @param tokenIds what was generated, for each prompt
 * @param peakMemoryMb the most memory that the process ever held resident, in megabytes; 0 if
 *     unknown
 */
record Sample(double firstMillis, double totalMillis, long[][] tokenIds, double peakMemoryMb) {

    /** Returns generated tokens a second over all prompts, without the first ones. */
    double decodeTokensPerSecond() {
        long tokens = 0;
        for (long[] row : tokenIds) {
            tokens += row.length - 1;
        }
        return tokens * 1000 / (totalMillis - firstMillis);
    }
}
