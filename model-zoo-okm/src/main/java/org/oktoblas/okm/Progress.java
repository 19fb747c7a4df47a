package org.oktoblas.okm;

/** Hears how far a conversion has come. */
@FunctionalInterface
public interface Progress {
    /** Hears nothing. */
    Progress NONE = (done, total) -> {};

    /**
     * Called after each piece that was written, on the thread that converts.
     *
     * @param done bytes of weights written so far
     * @param total bytes of weights in all
     */
    void update(long done, long total);
}
