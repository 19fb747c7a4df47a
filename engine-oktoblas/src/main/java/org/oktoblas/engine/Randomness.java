package org.oktoblas.engine;

/**
 * Where the engine's random numbers stand. A draw takes a stretch of the counter for itself, so
 * that threads never get the same numbers, and draws in one order are the same in every run.
 */
final class Randomness {

    private long seed;
    private long counter;

    /** Starts anew from a seed. */
    synchronized void seed(long newSeed) {
        seed = newSeed;
        counter = 0;
    }

    /** Takes a stretch of random numbers. */
    synchronized Stretch take(long count) {
        Stretch stretch = new Stretch(seed, counter);
        counter += count;
        return stretch;
    }

    /**
     * A stretch of random numbers.
     *
     * @param seed the generator's seed
     * @param start the counter of the first number
     */
    record Stretch(long seed, long start) {}
}
