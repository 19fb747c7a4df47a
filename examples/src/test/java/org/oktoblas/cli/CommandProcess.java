package org.oktoblas.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command in a Java process of its own, which writes on with the small model. */
final class CommandProcess {

    private CommandProcess() {}

    /** Returns what starts {@code infer} for 8 tokens, with further arguments. */
    static ProcessBuilder infer(String classPath, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Dai.djl.offline=true",
                                "-cp",
                                classPath,
                                Main.class.getName(),
                                "infer",
                                "--model",
                                Path.of("models", "okto-prose.okm").toString(),
                                "--max-tokens",
                                "8"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }
}
