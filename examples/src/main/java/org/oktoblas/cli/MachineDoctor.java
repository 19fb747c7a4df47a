package org.oktoblas.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.oktoblas.bench.Processor;

/** Java, processor and memory. */
final class MachineDoctor {

    private MachineDoctor() {}

    static List<Finding> examine() {
        List<Finding> found = new ArrayList<>();
        found.add(java());
        Processor processor = Processor.detect();
        found.add(
                Finding.good(
                        "processor",
                        "%s, %d cores, %s"
                                .formatted(
                                        processor.name(),
                                        processor.cores(),
                                        processor.features().isEmpty()
                                                ? "features unknown"
                                                : String.join(" ", processor.features()))));
        found.add(memory());
        Charset names = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
        if (!names.name().equals("UTF-8")) {
            found.add(
                    Finding.warning(
                            "locale",
                            "arguments and file names are read as " + names.name(),
                            "use a UTF-8 locale (LC_ALL=C.UTF-8), or pass texts by --file or"
                                    + " standard input"));
        }
        return found;
    }

    private static Finding java() {
        String text =
                "%s (%s), %s %s"
                        .formatted(
                                System.getProperty("java.version"),
                                System.getProperty("java.vendor"),
                                System.getProperty("os.name"),
                                System.getProperty("os.arch"));
        if (!System.getProperty("sun.arch.data.model", "64").equals("64")) {
            return Finding.broken("java", text + ", 32 bits", "install a 64-bit JDK");
        }
        return Finding.good("java", text);
    }

    private static Finding memory() {
        OperatingSystemMXBean system =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        double total = system.getTotalMemorySize() / 1e9;
        double heap = Runtime.getRuntime().maxMemory() / 1e9;
        String text =
                String.format(
                        Locale.ROOT,
                        "%.1f GB, Java heap up to %.1f GB (models live outside it)",
                        total,
                        heap);
        return total < 1
                ? Finding.warning("memory", text, "expect only small models to fit")
                : Finding.good("memory", text);
    }
}
