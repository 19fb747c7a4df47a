package org.oktoblas.cli;

import ai.djl.engine.Engine;
import java.util.concurrent.Callable;
import org.oktoblas.kernels.KernelLibrary;
import picocli.CommandLine.Command;

/** {@code okto about}: what this is. */
@Command(name = "about", description = "Says what this is, its version and its licence.")
final class AboutCommand implements Callable<Integer> {

    private final Console console;

    AboutCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        console.println("OktoBLAS " + Versions.okto());
        console.println("An engine for the Deep Java Library (DJL) that runs GPT-2 models.");
        console.println(
                "DJL "
                        + Engine.getDjlVersion()
                        + ", Java "
                        + Runtime.version().feature()
                        + ", "
                        + System.getProperty("os.name")
                        + " "
                        + System.getProperty("os.arch"));
        console.println(kernels());
        console.println("Apache License 2.0");
        return 0;
    }

    private static String kernels() {
        return KernelLibrary.find()
                .map(
                        library ->
                                "%d CUDA kernels for sm_%s, by nvcc, %s"
                                        .formatted(
                                                library.kernels().size(),
                                                String.join(", sm_", GpuDoctor.architectures()),
                                                library.compiler()))
                .orElse("No CUDA kernels: there was no nvcc when this was built");
    }
}
