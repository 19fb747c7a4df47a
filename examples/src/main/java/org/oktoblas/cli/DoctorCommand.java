package org.oktoblas.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;

/** {@code okto doctor}: what is here, what is wrong, and what to do about it. */
@Command(
        name = "doctor",
        description = {
            "Looks at Java, the processor, libraries, GPUs, DJL's engines, caches and the shipped"
                    + " model, and says what to do about each problem.",
            "Exit code 1 if something essential does not work."
        })
final class DoctorCommand implements Callable<Integer> {

    private final Console console;

    DoctorCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        int broken = 0;
        int doubtful = 0;
        for (List<Finding> part :
                List.of(
                        MachineDoctor.examine(),
                        GpuDoctor.examine(),
                        EngineDoctor.examine(),
                        CacheDoctor.examine())) {
            for (Finding finding : part) {
                console.print(lines(finding));
                broken += finding.level() == Finding.Level.BROKEN ? 1 : 0;
                doubtful += finding.level() == Finding.Level.WARNING ? 1 : 0;
            }
        }
        console.println("");
        console.println(
                broken > 0
                        ? count(broken, "essential thing") + " broken"
                        : doubtful > 0
                                ? "works, with " + count(doubtful, "warning")
                                : "everything is well");
        return broken > 0 ? 1 : 0;
    }

    private String lines(Finding finding) {
        Ansi colours = console.outColours();
        String mark =
                switch (finding.level()) {
                    case GOOD -> colours.string("@|green ok  |@");
                    case INFO -> "    ";
                    case WARNING -> colours.string("@|yellow warn|@");
                    case BROKEN -> colours.string("@|red FAIL|@");
                };
        String end = System.lineSeparator();
        String line = "%s  %-10s  %s%s".formatted(mark, finding.topic(), finding.text(), end);
        return finding.remedy() == null
                ? line
                : line + "                  -> " + finding.remedy() + end;
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }
}
