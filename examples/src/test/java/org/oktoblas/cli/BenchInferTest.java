package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.bench.RandomModel;
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
}
