package org.oktoblas.bench;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Ends of processes that read commands. */
final class Processes {

    private Processes() {}

    /**
     * Lets a process end, or ends it after 10 seconds.
     *
     * @param commands what it reads, whose end tells it to end
     */
    static void end(Process process, Closeable commands) {
        try {
            commands.close();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
