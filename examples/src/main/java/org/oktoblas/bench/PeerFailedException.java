package org.oktoblas.bench;

/** A peer could not do what it was asked, and can be asked the next. */
public final class PeerFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    PeerFailedException(String message) {
        super(message);
    }
}
