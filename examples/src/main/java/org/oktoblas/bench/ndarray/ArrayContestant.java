package org.oktoblas.bench.ndarray;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/** An engine that runs one operation. */
interface ArrayContestant extends Closeable {

    /** Starts contestants. */
    interface Opener {

        /**
         * Begins to start an engine for an operation.
         *
         * @param first whether it is the engine that the other is compared with
         */
        ArrayContestant open(String engine, boolean first, String operation) throws IOException;
    }

    /**
     * Waits until the engine has started.
     *
     * @return the engine and its version
     * @throws IOException if it does not start, saying why
     */
    String await() throws IOException;

    /**
     * Makes the inputs of one size, in place of those before, and runs the operation once.
     *
     * @throws IOException if the engine cannot do that, saying why
     */
    Digest prepare(long size) throws IOException;

    /** Calls the operation for some time, so that Java has compiled it when it is measured. */
    void warmUp() throws IOException;

    /** Returns the nanoseconds that a call takes, on average over a stretch of time. */
    double measure() throws IOException;

    @Override
    void close();

    /** Returns the names in the order of one round: whoever was first is last in the next. */
    static <T> List<T> turn(List<T> contestants, int round) {
        return round % 2 == 0 || contestants.size() < 2
                ? contestants
                : List.of(contestants.get(1), contestants.get(0));
    }
}
