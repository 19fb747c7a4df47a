package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the command line says to those who use it wrongly, or ask. */
class UsageTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                   | say what to do: infer, eval",
                "dance                                | there is no command \"dance\", only infer",
                "infer                                | say what to continue: --input TEXT",
                "infer --inptu x                      | did you mean --input",
                "infer --input x --file y             | mutually exclusive",
                "infer stray                          | \"stray\" stands alone",
                "infer --input x --max-tokens 0       | --max-tokens is 0, but must be at least 1",
                "infer --input x --max-tokens many    | 'many' is not an int",
                "infer --input x --min-tokens 65      | --min-tokens is 65, but must be at most",
                "infer --input x --temperature -1     | --temperature is -1.0, but must be",
                "infer --input x --top-k -1           | --top-k is -1, but must be",
                "infer --input x --top-p 0            | --top-p is 0.0, but must be",
                "infer --input x --repetition-penalty 0 | --repetition-penalty is 0.0, but must be",
                "infer --input x --batch-size 0       | --batch-size is 0",
                "infer --input x --precision fp8      | choose one of [auto, fp32, fp16, bf16]",
                "infer --input x --engine Abacus      | there is no engine \"Abacus\" here, only",
                "infer --input x --device tpu0        | there is no device \"tpu0\" for engine OktoBLAS",
                "infer --input x --device gpu999      | there is no device \"gpu999\" for engine Okto",
                "infer --input x --device gpu-1       | there is no device \"gpu-1\" for engine Okto",
                "bench infer --device cuda:998        | there is no device \"cuda:998\" for engine",
                "selftest --timeout 0                 | --timeout is 0, but must be at least 1",
                "selftest --tag cpu                   | expected one of [GPU, ALL]",
                "eval                                 | Missing required option: '--file=FILE'",
            })
    void wrongUseIsOneSentenceAndCodeTwo(String line, String expected) {
        Cli run = Cli.run(line.isEmpty() ? new String[0] : line.split(" +"));
        assertEquals(2, run.code());
        assertTrue(run.err().contains(expected), run.err());
        assertTrue(run.err().startsWith("okto: "), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertEquals("", run.out());
    }

    @Test
    void debugAddsTheTrace() {
        Cli run = Cli.run("infer", "--debug");
        assertEquals(2, run.code());
        assertTrue(run.err().contains("\tat org.oktoblas.cli."), run.err());
    }

    @Test
    void helpNamesAllCommands() {
        Cli run = Cli.run("--help");
        assertEquals(0, run.code());
        assertEquals("", run.err());
        for (String command : new String[] {"infer", "eval", "doctor", "selftest", "about"}) {
            assertTrue(run.out().contains("  " + command + " "), run.out());
        }
    }

    @Test
    void versionIsTheBuilds() {
        Cli run = Cli.run("--version");
        assertEquals(0, run.code());
        assertTrue(run.out().matches("okto \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\\R"), run.out());
    }

    @Test
    void aboutSaysWhatThisIs() {
        Cli run = Cli.run("about");
        assertEquals(0, run.code());
        assertTrue(run.out().startsWith("OktoBLAS "), run.out());
        assertTrue(run.out().contains("Apache License 2.0"), run.out());
    }
}
