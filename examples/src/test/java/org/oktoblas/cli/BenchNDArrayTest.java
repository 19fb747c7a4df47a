package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** okto bench ndarray, with few operations and elements, in real processes of their own. */
class BenchNDArrayTest {

    private static Cli bench(String device, Path out) {
        return Cli.run(
                "bench",
                "ndarray",
                "--device",
                device,
                "--operations",
                "add number,addi,topK,toFloatArray",
                "--sizes",
                "64,256",
                "--quick",
                "--rounds",
                "1",
                "--commit",
                "abc1234",
                "--out",
                out.toString());
    }

    private static void check(Cli run, Path out) throws Exception {
        assertEquals(0, run.code(), run.out() + run.err());
        List<Path> files;
        try (var list = Files.list(out)) {
            files = list.sorted().toList();
        }
        assertEquals(2, files.size(), files.toString());
        assertTrue(files.get(0).getFileName().toString().matches("ndarray-[a-z0-9-]+\\.json"));
        assertEquals(run.out(), Files.readString(files.get(1)));
        JsonObject json = JsonParser.parseString(Files.readString(files.get(0))).getAsJsonObject();
        assertTrue(json.get("command").getAsString().startsWith("okto bench ndarray --device "));
        List<String> cases = new ArrayList<>();
        for (var row : json.getAsJsonArray("rows")) {
            JsonObject item = row.getAsJsonObject();
            assertEquals("ndarray", item.get("benchmark").getAsString());
            assertEquals("us_per_call", item.get("metric").getAsString());
            assertTrue(item.get("ours").getAsDouble() > 0, item.toString());
            assertTrue(item.get("peer").isJsonNull(), item.toString());
            assertEquals(1, item.get("rounds").getAsInt());
            cases.add(item.get("case").getAsString());
        }
        assertEquals(
                List.of(
                        "add number 64",
                        "add number 256",
                        "addi 64",
                        "addi 256",
                        "topK 8 64",
                        "topK 8 256",
                        "toFloatArray 64",
                        "toFloatArray 256"),
                cases);
    }

    @Test
    void writesOneJsonAndOneTable(@TempDir Path directory) throws Exception {
        check(bench("cpu", directory), directory);
    }

    @Test
    @RequiresGpu
    void onAGpuToo(@TempDir Path directory) throws Exception {
        check(bench("gpu0", directory), directory);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--rounds 0             | --rounds is 0, but must be from 1 to 1000",
                "--sizes 64,0           | --sizes is 0, but must be from 16 to 67108864",
                "--sizes 65             | --sizes is 65, but must be a multiple of 4",
                "--threads -1           | --threads is -1, but must be from 0 to 1024",
                "--operations dance     | no operation's name contains \"dance\"; there are abs, add",
                "--device gpu999        | there is no device \"gpu999\" for engine OktoBLAS here",
                "--engines Abacus       | there is no engine \"Abacus\" here, only OktoBLAS",
            })
    void wrongUseIsCodeTwo(String line, String expected) {
        Cli run = Cli.run(("bench ndarray " + line).split(" +"));
        assertEquals(2, run.code(), run.err());
        assertTrue(run.err().contains(expected), run.err());
        assertEquals("", run.out());
    }

    @Test
    void whoeverAsksForPyTorchHearsWhereItIs() {
        // The tests of this module have OktoBLAS alone on their class path.
        Cli run = Cli.run("bench", "ndarray", "--engines", "OktoBLAS,PyTorch");
        assertEquals(2, run.code(), run.err());
        assertTrue(
                run.err().contains("does not ship with this command, but ./okto in a clone"),
                run.err());
    }
}
