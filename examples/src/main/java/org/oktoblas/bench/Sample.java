package org.oktoblas.bench;

/**
 * What one generation took.
 *
 * @param firstMillis milliseconds to the first token
 * @param totalMillis milliseconds to the last token
 * @param tokenIds what was generated, for each prompt
 * @param peakMemoryMb the most memory that was held, in megabytes; 0 if unknown. On a GPU that is
 *     memory of the device: all that ours ever held, or what PyTorch held while it generated. Else
 *     it is what the process ever held resident
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
