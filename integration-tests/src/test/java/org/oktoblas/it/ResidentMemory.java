package org.oktoblas.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** What this process takes of the machine's memory. */
final class ResidentMemory {

    private static final Path STATUS = Path.of("/proc/self/status");

    private ResidentMemory() {}

    /** Skips the test where it is not known. */
    static void assumeKnown() {
        Assumptions.assumeTrue(
                Files.exists(STATUS), "resident memory is read from /proc, which is Linux's");
    }

    /** Returns it, after a collection of what Java does not need any more. */
    static long kilobytes() throws IOException {
        System.gc();
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no VmRSS in " + STATUS);
    }
}
