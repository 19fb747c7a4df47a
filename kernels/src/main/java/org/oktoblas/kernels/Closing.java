package org.oktoblas.kernels;

import java.util.List;

/** Closes several things, all of them even where one fails. */
final class Closing {

    private Closing() {}

    /** Closes all that are not null; throws what the first failure threw. */
    static void all(List<? extends AutoCloseable> things) {
        RuntimeException failure = null;
        for (AutoCloseable thing : things) {
            try {
                if (thing != null) {
                    thing.close();
                }
            } catch (RuntimeException e) {
                failure = add(failure, e);
            } catch (Exception e) {
                failure = add(failure, new IllegalStateException(e));
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Closes all that are not null after a failure, which learns of further ones. */
    static void after(Throwable failure, List<? extends AutoCloseable> things) {
        try {
            all(things);
        } catch (RuntimeException more) {
            failure.addSuppressed(more);
        }
    }

    private static RuntimeException add(RuntimeException first, RuntimeException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
