package org.oktoblas.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What a benchmark's report says of where its figures come from. */
final class BenchOrigin {

    @Option(
            names = "--commit",
            paramLabel = "TEXT",
            description =
                    "What to call the version measured (default: what git or the build says).")
    private String commit;

    /** Returns the name given to the version, or null. */
    String commit() {
        return commit;
    }

    /** Returns the command line as it was typed. */
    static String command(CommandSpec spec) {
        return "okto "
                + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
    }
}
