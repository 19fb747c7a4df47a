package org.oktoblas.cli;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.oktoblas.convert.HuggingFaceExport;
import org.oktoblas.convert.HuggingFaceImport;
import org.oktoblas.okm.OkmFile;
import org.oktoblas.okm.OkmType;
import org.oktoblas.okm.OkmWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto convert}: Hugging Face checkpoints to .okm and back. */
@Command(
        name = "convert",
        description =
                "Converts a Hugging Face GPT-2 (a directory with model.safetensors) to .okm, or an"
                        + " .okm back to such a directory.",
        footer = {
            "",
            "Examples:",
            "  okto convert --from gpt2/ --to gpt2.okm --dtype f16",
            "  okto convert --from gpt2.okm --to gpt2-again/"
        })
final class ConvertCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Option(
            names = "--from",
            paramLabel = "PATH",
            required = true,
            description = "The Hugging Face directory, or the .okm.")
    private Path from;

    @Option(
            names = "--to",
            paramLabel = "PATH",
            required = true,
            description = "The .okm to write, or the Hugging Face directory.")
    private Path to;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "keep",
            description =
                    "How an .okm stores weights: keep (as they are), f16, f32 or bf16 (default:"
                            + " ${DEFAULT-VALUE}).")
    private String dtype;

    @Option(
            names = "--directory",
            description = "Write the .okm as a directory instead of a single file.")
    private boolean directory;

    @Option(names = "--force", description = "Replace what is at --to.")
    private boolean force;

    private final Console console;

    ConvertCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, MalformedModelException {
        OkmType type = type();
        if (!Files.exists(from)) {
            throw new IOException("there is no " + from);
        }
        boolean back = OkmFile.matches(from);
        if (back && (type != null || directory)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--dtype and --directory are for writing an .okm, but %s is one already"
                            .formatted(from));
        }
        Path aside = makeRoom();
        boolean done = false;
        try (Progress progress = new Progress(console, back ? "exporting" : "converting")) {
            if (back) {
                HuggingFaceExport.convert(from, to, progress::update);
            } else {
                var form = directory ? OkmWriter.Form.DIRECTORY : OkmWriter.Form.FILE;
                HuggingFaceImport.convert(from, to, form, type, progress::update);
            }
            done = true;
        } finally {
            if (aside != null && done) {
                delete(aside);
            } else if (aside != null) {
                Files.move(aside, to);
            }
        }
        console.err().println(String.format(Locale.ROOT, "wrote %s, %.1f MB", to, size(to) / 1e6));
        return 0;
    }

    private OkmType type() {
        if (dtype.equalsIgnoreCase("keep")) {
            return null;
        }
        return OkmType.of(dtype.toUpperCase(Locale.ROOT))
                .orElseThrow(
                        () ->
                                new ParameterException(
                                        spec.commandLine(),
                                        "--dtype is \"%s\", but must be keep, f16, f32 or bf16"
                                                .formatted(dtype)));
    }

    /**
     * Moves what is at the target aside, until the new one is whole.
     *
     * @return where it is now, or null if there was nothing
     */
    private Path makeRoom() throws IOException {
        if (!Files.exists(to)) {
            return null;
        }
        if (Files.isSameFile(from, to)) {
            throw new ParameterException(spec.commandLine(), "--from and --to are the same");
        }
        if (!force) {
            throw new FileAlreadyExistsException(to.toString());
        }
        // A slip of the finger must not cost a home directory.
        if (Files.isDirectory(to) && !Files.exists(to.resolve("config.json")) && !isEmpty(to)) {
            throw new IOException(to + " is a directory and no model; it is not replaced");
        }
        Path aside =
                to.toAbsolutePath()
                        .resolveSibling("." + to.getFileName() + "." + UUID.randomUUID() + ".old");
        return Files.move(to, aside);
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    private static List<Path> all(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            return files.sorted(Comparator.reverseOrder()).toList();
        }
    }

    private static void delete(Path path) throws IOException {
        for (Path file : all(path)) {
            Files.delete(file);
        }
    }

    private static long size(Path path) throws IOException {
        long size = 0;
        for (Path file : all(path)) {
            size += Files.isRegularFile(file) ? Files.size(file) : 0;
        }
        return size;
    }
}
