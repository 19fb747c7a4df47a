package org.oktoblas.selftest;

/**
 * How one test ended.
 *
 * @param className the test class
 * @param test the test's name within it
 * @param status how it ended
 * @param reason why it was skipped or what failed, or null
 * @param failure what was thrown, or null
 * @param seconds how long it took
 */
record Outcome(
        String className,
        String test,
        Status status,
        String reason,
        Throwable failure,
        double seconds) {

    enum Status {
        PASSED,
        SKIPPED,
        FAILED
    }
}
