package org.oktoblas.bench.ndarray;

/**
 * How long calls are repeated.
 *
 * @param firstWarmUpMillis before the first case of a process is measured, in which Java compiles
 * @param warmUpMillis before each other case is measured
 * @param measureMillis each time that a case is measured
 */
record Stretch(int firstWarmUpMillis, int warmUpMillis, int measureMillis) {

    /** Returns the words that {@link #parse} takes. */
    String words() {
        return firstWarmUpMillis + "," + warmUpMillis + "," + measureMillis;
    }

    /** Reads what {@link #words} wrote. */
    static Stretch parse(String words) {
        String[] parts = words.split(",");
        return new Stretch(
                Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
    }
}
