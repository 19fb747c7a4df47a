package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
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
import org.oktoblas.bench.RandomModel;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.okm.OkmType;

/** okto bench infer, with a tiny model and few rounds, in a real process of its own. */
class BenchInferTest {

    @Test
    void writesOneJsonAndOneTable(@TempDir Path directory) throws Exception {
        Path model = directory.resolve("tiny.okm");
        RandomModel.write(model, RandomModel.gpt2(2, 32, 4, 64, 100), OkmType.F32);
        Path out = directory.resolve("figures");
        Cli run =
                Cli.run(
                        "bench",
                        "infer",
                        "--model",
                        model.toString(),
                        "--engines",
                        "OktoBLAS",
                        "--device",
                        "cpu",
                        "--batch",
                        "1,2",
                        "--prompt-tokens",
                        "5",
                        "--tokens",
                        "8",
                        "--rounds",
                        "2",
                        "--warm-up",
                        "0",
                        "--out",
                        out.toString());
        assertEquals(0, run.code(), run.err());
        List<Path> files;
        try (var list = Files.list(out)) {
            files = list.sorted().toList();
        }
        assertEquals(2, files.size(), files.toString());
        assertTrue(files.get(0).getFileName().toString().matches("infer-[a-z0-9-]+\\.json"));
        assertEquals(run.out(), Files.readString(files.get(1)));
        JsonObject json = JsonParser.parseString(Files.readString(files.get(0))).getAsJsonObject();
        assertTrue(json.get("command").getAsString().startsWith("okto bench infer --model "));
        JsonArray rows = json.getAsJsonArray("rows");
        List<String> cases = new ArrayList<>();
        for (var row : rows) {
            JsonObject item = row.getAsJsonObject();
            assertEquals("infer", item.get("benchmark").getAsString());
            assertTrue(item.get("ours").getAsDouble() > 0, item.toString());
            assertEquals(2, item.get("rounds").getAsInt());
            cases.add(item.get("case").getAsString() + " " + item.get("metric").getAsString());
        }
        assertTrue(
                cases.containsAll(
                        List.of(
                                "tiny fp32 b1 in5 out8 decode_tokens_per_second",
                                "tiny fp32 b1 in5 out8 ttft_ms",
                                "tiny fp32 b2 in5 out8 decode_tokens_per_second",
                                "tiny fp32 b2 in5 out8 ttft_ms")),
                cases.toString());
    }

    @Test
    void whatTheProcessSaysIsTheError(@TempDir Path directory) {
        Path none = directory.resolve("none.okm");
        Cli run = Cli.run("bench", "infer", "--model", none.toString(), "--engines", "OktoBLAS");
        assertEquals(1, run.code());
        assertTrue(run.err().contains("none.okm"), run.err());
        assertEquals("", run.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--plan cpu                    | there is no plan \"cpu\", only gpu",
                "--plan gpu --batch 1          | --plan decides what --batch says: leave it out",
                "--plan gpu --models x         | --plan decides what --model says: leave it out",
                "--plan gpu --device cpu       | --plan gpu needs a GPU, not cpu",
                "--plan gpu --rounds 0         | --rounds is 0, but must be at least 1",
                "--python python3 --device cpu | --python needs --plan",
            })
    void aPlanUsedWronglyIsCodeTwo(String line, String expected) {
        Cli run = Cli.run(("bench infer " + line).split(" +"));
        assertEquals(2, run.code(), run.err());
        assertTrue(run.err().contains(expected), run.err());
    }

    @Test
    void aPlanWithoutAGpuSaysWhy() {
        assumeTrue(CudaDevice.count() == 0, "there is a GPU");
        Cli run = Cli.run("bench", "infer", "--plan", "gpu");
        assertEquals(1, run.code());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("okto: There is no GPU to use: "), run.err());
    }

    @Test
    @RequiresGpu
    void onAGpuAPlanMeasuresOursAlone(@TempDir Path directory) throws Exception {
        Cli run =
                Cli.run(
                        "bench",
                        "infer",
                        "--plan",
                        "gpu",
                        "--case",
                        "gpt2-124m fp16 b1 in5 out32",
                        "--rounds",
                        "1",
                        "--warm-up",
                        "0",
                        "--no-peer",
                        "--out",
                        directory.toString());
        assertEquals(0, run.code(), run.out() + run.err());
        assertTrue(run.out().contains("| peak_memory_mb | "), run.out());
        try (var files = Files.list(directory)) {
            assertEquals(2, files.count());
        }
    }
}
