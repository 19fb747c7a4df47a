package org.oktoblas.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/**
 * What a command reads and writes. Always UTF-8, whatever the locale says, and standard output only
 * for answers: everything else goes to {@link #err}.
 */
public final class Console {

    private final InputStream in;
    private final OutputStream out;
    private final PrintStream err;
    private final boolean outTerminal;
    private final boolean errTerminal;
    private IOException failure;
    private volatile boolean stopped;

    /**
     * Creates a console.
     *
     * @param in standard input
     * @param out standard output
     * @param err standard error
     * @param outTerminal whether out is a terminal
     * @param errTerminal whether err is a terminal
     */
    public Console(
            InputStream in,
            OutputStream out,
            OutputStream err,
            boolean outTerminal,
            boolean errTerminal) {
        this.in = in;
        this.out = out;
        this.err = new PrintStream(err, true, StandardCharsets.UTF_8);
        this.outTerminal = outTerminal;
        this.errTerminal = errTerminal;
    }

    /** Returns the process's console; the launcher knows which of its streams are terminals. */
    static Console system() {
        return new Console(
                System.in,
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                Boolean.getBoolean("okto.terminal.out"),
                Boolean.getBoolean("okto.terminal.err"));
    }

    /** Returns all of standard input as text, without the line end that a shell's echo adds. */
    String readAll() throws IOException {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        if (text.endsWith("\n")) {
            text = text.substring(0, text.length() - (text.endsWith("\r\n") ? 2 : 1));
        }
        return text;
    }

    /** Writes text to standard output at once. A failure is remembered for {@link #finish}. */
    void print(String text) {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized void write(byte[] bytes) {
        if (failure != null) {
            return;
        }
        try {
            out.write(bytes);
            out.flush();
        } catch (IOException e) {
            failure = e;
        }
    }

    /** Writes a line to standard output. */
    void println(String line) {
        print(line + System.lineSeparator());
    }

    /** Returns standard error. */
    PrintStream err() {
        return err;
    }

    /** Returns whether work should end: Ctrl-C, or nobody reads standard output any more. */
    synchronized boolean stopped() {
        return stopped || failure != null;
    }

    /** Asks the running command to end soon. */
    void stop() {
        stopped = true;
    }

    /**
     * Complains if standard output could not be written. A reader that has left, as {@code head}
     * does, is no failure.
     *
     * @throws IOException if an output was lost, for instance on a full disk
     */
    synchronized void finish() throws IOException {
        if (failure == null) {
            return;
        }
        String reason = String.valueOf(failure.getMessage());
        if (!reason.toLowerCase(Locale.ROOT).contains("pipe")) {
            throw new IOException("cannot write standard output: " + reason, failure);
        }
    }

    /** Returns whether standard error is a terminal, where a progress bar makes sense. */
    boolean errTerminal() {
        return errTerminal;
    }

    /** Returns whether to colour standard output. */
    Ansi outColours() {
        return colours(outTerminal);
    }

    /** Returns whether to colour standard error. */
    Ansi errColours() {
        return colours(errTerminal);
    }

    private static Ansi colours(boolean terminal) {
        // https://no-color.org
        String noColour = System.getenv("NO_COLOR");
        return terminal && (noColour == null || noColour.isEmpty()) ? Ansi.ON : Ansi.OFF;
    }

    /** Returns standard output for picocli's help texts. */
    PrintWriter outWriter() {
        OutputStream stream =
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        Console.this.write(new byte[] {(byte) b});
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        Console.this.write(Arrays.copyOfRange(bytes, offset, offset + length));
                    }
                };
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    /** Returns standard error for picocli's texts. */
    PrintWriter errWriter() {
        return new PrintWriter(err, true, StandardCharsets.UTF_8);
    }
}
