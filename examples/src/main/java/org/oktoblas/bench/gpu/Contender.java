package org.oktoblas.bench.gpu;

import java.io.IOException;
import java.util.Optional;

/** One side of a comparison. Only one side works at a time: both share the GPU. */
interface Contender extends AutoCloseable {

    /**
     * Makes a case ready to be timed: inputs in memory, results checked, everything warm.
     *
     * @param task the case
     * @param sets through how many sets of inputs the calls rotate
     * @return how to time it, or nothing if this side does not do such cases
     * @throws CaseFailedException if it failed at this case; others may still go well
     * @throws IOException if it cannot go on at all
     */
    Optional<Timed> prepare(KernelCase task, int sets) throws IOException;

    @Override
    void close();

    /** A case that is ready. */
    interface Timed extends AutoCloseable {

        /** Returns what computes, for the table. */
        String name();

        /** Measures once and returns the microseconds of one call. */
        double microseconds() throws IOException;

        @Override
        void close();
    }
}
