package org.oktoblas.cli;

import java.io.PrintWriter;
import org.oktoblas.bench.gpu.KernelBenchmark;
import org.oktoblas.gpt2.Precision;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Style;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code okto} itself, and how its commands report errors. */
@Command(
        name = "okto",
        description = "Runs GPT-2 models on DJL's engine OktoBLAS.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        sortOptions = false,
        versionProvider = Versions.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "okto COMMAND --help explains a command."})
final class Okto implements Runnable {

    @Spec private CommandSpec spec;

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "On an error, show where it happened.")
    private boolean debug;

    private final Console console;

    private Okto(Console console) {
        this.console = console;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "say what to do: " + String.join(", ", commands()));
    }

    private Iterable<String> commands() {
        return spec.subcommands().keySet();
    }

    /** Returns the whole command line over a console. */
    static CommandLine commandLine(Console console) {
        Okto okto = new Okto(console);
        CommandLine line =
                new CommandLine(okto)
                        .addSubcommand(new InferCommand(console))
                        .addSubcommand(new EvalCommand(console))
                        .addSubcommand(new ConvertCommand(console))
                        .addSubcommand(benchmarks(console))
                        .addSubcommand(new DoctorCommand(console))
                        .addSubcommand(new SelftestCommand(console))
                        .addSubcommand(new AboutCommand(console));
        line.setOut(console.outWriter());
        line.setErr(console.errWriter());
        line.setColorScheme(CommandLine.Help.defaultColorScheme(console.outColours()));
        line.registerConverter(Precision.class, Okto::precision);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(false);
        line.setParameterExceptionHandler(okto::wrongUse);
        line.setExecutionExceptionHandler(okto::failed);
        line.setExecutionStrategy(okto::execute);
        return line;
    }

    private static CommandLine benchmarks(Console console) {
        CommandLine bench =
                new CommandLine(new BenchCommand())
                        .addSubcommand(new BenchInferCommand(console))
                        .addSubcommand(new BenchNDArrayCommand(console))
                        .addSubcommand(new BenchKernelsCommand(console));
        KernelBenchmark.TOPICS.forEach(
                (topic, what) -> {
                    CommandLine line = new CommandLine(new BenchTopicCommand(console, topic));
                    line.getCommandSpec()
                            .usageMessage()
                            .description("Measures " + what + " on the first GPU beside PyTorch.");
                    bench.addSubcommand(topic, line);
                });
        return bench;
    }

    private static Precision precision(String name) {
        try {
            return Precision.parse(name);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Runs the command; errors of the Java machine are reported like any other failure. */
    private int execute(ParseResult parsed) {
        try {
            int code = new CommandLine.RunLast().execute(parsed);
            console.finish();
            return code;
        } catch (CommandLine.ExecutionException | ParameterException e) {
            throw e;
        } catch (Exception | LinkageError | OutOfMemoryError | AssertionError e) {
            return report(e);
        }
    }

    private int failed(Exception e, CommandLine line, ParseResult parsed) {
        return report(e);
    }

    private int report(Throwable e) {
        complain("okto: " + Errors.sentence(e));
        trace(e);
        return CommandLine.ExitCode.SOFTWARE;
    }

    private int wrongUse(ParameterException e, String[] args) {
        CommandLine line = e.getCommandLine();
        String name = line.getCommandSpec().qualifiedName();
        StringBuilder text = new StringBuilder("okto: ").append(reason(e));
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            text.append(", did you mean ").append(String.join(" or ", unmatched.getSuggestions()));
        }
        complain(text.append("; ").append(name).append(" --help shows the usage").toString());
        trace(e);
        return CommandLine.ExitCode.USAGE;
    }

    private String reason(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched
                && e.getCommandLine().getCommandSpec() == spec
                && !unmatched.getUnmatched().get(0).startsWith("-")) {
            return "there is no command \"%s\", only %s"
                    .formatted(unmatched.getUnmatched().get(0), String.join(", ", commands()));
        }
        return Errors.oneLine(e.getMessage());
    }

    private void complain(String text) {
        boolean colour = console.errColours().enabled();
        console.err().println(colour ? Style.fg_red.on() + text + Style.reset.off() : text);
    }

    private void trace(Throwable e) {
        if (debug) {
            PrintWriter err = console.errWriter();
            e.printStackTrace(err);
            err.flush();
        }
    }
}
