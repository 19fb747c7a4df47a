package org.oktoblas.bench.gpu;

/** A case gave no time: its result was wrong, or it could not be computed at all. */
final class CaseFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CaseFailedException(String message) {
        super(message);
    }
}
