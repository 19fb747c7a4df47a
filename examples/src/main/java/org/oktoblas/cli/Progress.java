package org.oktoblas.cli;

import java.util.concurrent.CancellationException;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error if that is a terminal, else nothing. */
final class Progress implements AutoCloseable {

    private static final int WIDTH = 78;

    private final Console console;
    private final String task;
    private ProgressBar bar;

    Progress(Console console, String task) {
        this.console = console;
        this.task = task;
    }

    /**
     * Shows how far the work is.
     *
     * @param done bytes done
     * @param total bytes in all
     * @throws CancellationException if the user asked to stop
     */
    void update(long done, long total) {
        if (console.stopped()) {
            throw new CancellationException("interrupted; nothing was written");
        }
        if (!console.errTerminal()) {
            return;
        }
        if (bar == null) {
            bar =
                    new ProgressBarBuilder()
                            .setTaskName(task)
                            .setInitialMax(total)
                            .setUnit(" MB", 1_000_000)
                            .setStyle(ProgressBarStyle.ASCII)
                            .setConsumer(new ConsoleProgressBarConsumer(console.err(), WIDTH))
                            .build();
        }
        bar.stepTo(done);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
