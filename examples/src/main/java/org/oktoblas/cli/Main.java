package org.oktoblas.cli;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Entry point of the {@code okto} command. */
public final class Main {

    private Main() {}

    /**
     * Runs a command and exits with its code: 0 done, 1 failed, 2 used wrongly.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        if (Arrays.asList(args).contains("--debug")) {
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
        }
        Console console = Console.system();
        // Whatever a library prints must not end up in the answer.
        System.setOut(System.err);
        CountDownLatch done = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> leave(console, done), "okto-exit"));
        int code;
        try {
            code = run(console, args);
        } finally {
            done.countDown();
        }
        System.exit(code);
    }

    /**
     * Runs a command in this process.
     *
     * @param console what it reads and writes
     * @param args the command line
     * @return the exit code
     */
    public static int run(Console console, String... args) {
        return Okto.commandLine(console).execute(args);
    }

    /** On Ctrl-C lets the command end at the next token, rather than under its feet. */
    private static void leave(Console console, CountDownLatch done) {
        console.stop();
        try {
            done.await(3, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
