package org.oktoblas.engine;

/** The one way to say that DJL has an operation which this engine does not offer. */
final class Unavailable {

    private Unavailable() {}

    /**
     * Makes the exception to throw from a method that is marked with {@link Refuses}.
     *
     * @param operation the operation as a user knows it, such as {@code NDManager.createCSR}
     * @param why the reason of the mark
     */
    static UnsupportedOperationException because(String operation, Refusal why) {
        return new UnsupportedOperationException(
                "%s does not work on engine %s: %s."
                        .formatted(operation, OktoEngine.ENGINE_NAME, why.reason()));
    }
}
