package org.oktoblas.engine;

/** The one way to say that DJL has an operation which this version of the engine does not offer. */
final class Unavailable {

    private Unavailable() {}

    /**
     * Makes the exception to throw.
     *
     * @param operation the operation as a user knows it, such as {@code NDArray.stft}
     */
    static UnsupportedOperationException operation(String operation) {
        return new UnsupportedOperationException(
                operation
                        + " is not available on engine "
                        + OktoEngine.ENGINE_NAME
                        + " in this version.");
    }
}
