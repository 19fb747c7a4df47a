package org.oktoblas.engine;

/** How this version of the engine says that it does not offer an operation of DJL's. */
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

    /**
     * Makes the exception to throw where gradients are wanted.
     *
     * @param operation the operation as a user knows it, such as {@code NDArray.getGradient}
     */
    static UnsupportedOperationException gradients(String operation) {
        return new UnsupportedOperationException(
                operation
                        + " is not available: engine "
                        + OktoEngine.ENGINE_NAME
                        + " computes no gradients and does not train in this version. Train on"
                        + " DJL's PyTorch engine; the parameters that Model.save writes there load"
                        + " here.");
    }
}
