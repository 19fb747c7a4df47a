package org.oktoblas.cli;

import ai.djl.engine.Engine;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The engines that can run a model here. */
final class Engines {

    private Engines() {}

    /** Returns their names. */
    static Set<String> names() {
        Set<String> names = new TreeSet<>(Engine.getAllEngines());
        // Helpers that DJL and its tokenizers bring along, without what a GPT-2 needs.
        names.removeAll(Set.of("Rust", "RPC"));
        return names;
    }

    /**
     * Finds an engine by its name, however that is capitalised.
     *
     * @throws ParameterException saying which engines there are
     */
    static String find(CommandSpec spec, String name) {
        Set<String> names = names();
        for (String known : names) {
            if (known.equalsIgnoreCase(name)) {
                return known;
            }
        }
        String why =
                name.equalsIgnoreCase("PyTorch")
                        ? "; DJL's PyTorch engine does not ship with this command, but ./okto in a"
                                + " clone of the sources fetches it"
                        : "";
        throw new ParameterException(
                spec.commandLine(),
                "there is no engine \"%s\" here, only %s%s"
                        .formatted(name, String.join(", ", names), why));
    }
}
