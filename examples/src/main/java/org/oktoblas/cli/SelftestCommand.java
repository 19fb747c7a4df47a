package org.oktoblas.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.oktoblas.selftest.SelfTest;
import org.oktoblas.selftest.SelfTestReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto selftest}: the bundled tests, on this machine. */
@Command(
        name = "selftest",
        description = {
            "Runs the tests that a distribution brings along: those of the GPU, or all.",
            "Exit code 1 if one fails, or if none match."
        },
        footer = {"", "Example:", "  okto selftest --class Gpu*Attention --verbose"})
final class SelftestCommand implements Callable<Integer> {

    private enum Choice {
        GPU,
        ALL
    }

    @Spec private CommandSpec spec;

    @Option(
            names = "--tag",
            paramLabel = "gpu|all",
            defaultValue = "gpu",
            description = "Which tests: gpu, those that need a GPU, or all (default: gpu).")
    private Choice tag;

    @Option(
            names = "--class",
            paramLabel = "PATTERN",
            description = "Only classes whose name contains this; * stands for anything.")
    private String pattern;

    @Option(names = "--list", description = "Name the classes, one a line, and run nothing.")
    private boolean list;

    @Option(names = "--verbose", description = "A line a test.")
    private boolean verbose;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "How long one test may take (default: ${DEFAULT-VALUE}).")
    private int timeout;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Write every test's outcome to a file, as JSON.")
    private Path reportFile;

    private final Console console;

    SelftestCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (timeout < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--timeout is " + timeout + ", but must be at least 1");
        }
        Tests tests = tests();
        return list ? tests.list() : tests.run();
    }

    /** JUnit is loaded only once it is known to be there. */
    private Tests tests() throws IOException {
        try {
            if (SelfTest.present()) {
                return new Tests();
            }
        } catch (NoClassDefFoundError e) {
            throw notHere();
        }
        throw notHere();
    }

    private static IOException notHere() {
        return new IOException(
                "the tests are bundled with a distribution (mvn -Pdist package builds one); in the"
                        + " sources, mvn verify runs them");
    }

    private final class Tests {

        private final SelfTest tests =
                new SelfTest(tag == Choice.GPU ? SelfTest.GPU : null, pattern, timeout);

        private int list() {
            tests.classes().forEach(console::println);
            return 0;
        }

        private int run() throws IOException {
            List<Finding> gpus = GpuDoctor.examine();
            gpus.forEach(gpu -> console.println(gpu.text()));
            SelfTestReport report =
                    new SelfTestReport(console::println, verbose ? console::println : line -> {});
            tests.run(report);
            report.summarize();
            if (reportFile != null) {
                report.write(reportFile);
            }
            if (report.tests() == 0) {
                // Who misspelt a class must not take that for success.
                throw new IOException(
                        "no tests are of this choice; okto selftest --list --tag all names all"
                                + " classes");
            }
            return report.failures() > 0 ? 1 : 0;
        }
    }
}
