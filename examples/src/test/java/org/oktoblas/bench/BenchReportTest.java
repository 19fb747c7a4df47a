package org.oktoblas.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that a benchmark leaves. */
class BenchReportTest {

    private static final BenchReport REPORT =
            new BenchReport(
                    "infer",
                    "2026-12-01",
                    "abc1234",
                    "Some CPU (R) @ 3.0",
                    null,
                    "17.0.15",
                    "2 cores",
                    "okto bench infer",
                    List.of("A note."),
                    List.of(
                            BenchRow.of(
                                    "tiny fp32 b1 in5 out32",
                                    "ttft_ms",
                                    false,
                                    List.of(10.0, 12.0, 11.0),
                                    List.of(33.0, 33.0, 33.0),
                                    "PyTorch fp32"),
                            BenchRow.of(
                                    "tiny fp32 b1 in5 out32",
                                    "decode_tokens_per_second",
                                    true,
                                    List.of(123.45678),
                                    null,
                                    null)));

    @Test
    void jsonHasTheHousesKeys(@TempDir Path directory) throws Exception {
        REPORT.write(directory.resolve("new"));
        Path file = directory.resolve("new/infer-some-cpu-r-3-0.json");
        JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        assertEquals(
                Set.of("date", "commit", "device", "driver", "java", "host", "command", "rows"),
                json.keySet());
        JsonObject row = json.getAsJsonArray("rows").get(0).getAsJsonObject();
        assertEquals(
                Set.of(
                        "benchmark",
                        "case",
                        "metric",
                        "higherIsBetter",
                        "ours",
                        "peer",
                        "peerName",
                        "ratio",
                        "rounds",
                        "spread"),
                row.keySet());
        assertEquals(11, row.get("ours").getAsDouble());
        assertEquals(33, row.get("peer").getAsDouble());
        assertEquals(3, row.get("ratio").getAsDouble());
        assertEquals(3, row.get("rounds").getAsInt());
        assertEquals(0.0909, row.get("spread").getAsDouble());
        JsonObject alone = json.getAsJsonArray("rows").get(1).getAsJsonObject();
        assertTrue(alone.get("peer").isJsonNull());
        assertTrue(alone.get("ratio").isJsonNull());
        assertEquals(123.4568, alone.get("ours").getAsDouble());
    }

    @Test
    void markdownIsATable(@TempDir Path directory) throws Exception {
        REPORT.write(directory);
        String text = Files.readString(directory.resolve("infer-some-cpu-r-3-0.md"));
        assertTrue(
                text.contains(
                        "| tiny fp32 b1 in5 out32 | ttft_ms | 11.00 | 33.00 | 3.00 | 9 % |\n"),
                text);
        assertTrue(
                text.contains(
                        "| tiny fp32 b1 in5 out32 | decode_tokens_per_second | 123.5 |  |  | 0 % |\n"),
                text);
        assertTrue(text.contains("2026-12-01, commit abc1234, Java 17.0.15, 2 cores."), text);
        assertTrue(text.contains("\nA note.\n"), text);
    }

    private static BenchReport onAGpu(String topic, List<String> notes, List<BenchRow> rows) {
        return new BenchReport(
                topic,
                "2026-12-01",
                "abc1234",
                "Some GPU",
                "580.1",
                "17",
                "2 cores",
                "okto bench " + topic,
                notes,
                rows);
    }

    @Test
    void aFigureThatIsMissingIsNullAndShareOfCopyIsThereWhereItSaysSomething() {
        BenchRow row =
                BenchRow.of(
                        "reduce",
                        "sum",
                        "gigabytes_per_second",
                        true,
                        List.of(900.0),
                        List.of(1000.0),
                        "torch");
        BenchRow failed =
                BenchRow.of("reduce", "max", "microseconds", false, null, List.of(5.0), "torch");
        BenchReport report =
                onAGpu("reduce", List.of("A note."), List.of(row.withShareOfCopy(0.9), failed));
        String text = report.markdown();
        assertTrue(
                text.contains(
                        "| sum | gigabytes_per_second | 900.0 | 1000.0 | 0.90 | 0 % | 90 % |\n"),
                text);
        assertTrue(text.contains("| max | microseconds | none | 5.00 |  |  |  |\n"), text);
        assertTrue(text.contains(", driver 580.1.\n"), text);
        assertTrue(text.contains("\nThe peer is torch.\n"), text);
        JsonObject json = JsonParser.parseString(report.json()).getAsJsonObject();
        assertEquals("580.1", json.get("driver").getAsString());
        JsonObject first = json.getAsJsonArray("rows").get(0).getAsJsonObject();
        assertEquals(0.9, first.get("shareOfCopy").getAsDouble());
        JsonObject second = json.getAsJsonArray("rows").get(1).getAsJsonObject();
        assertTrue(second.get("ours").isJsonNull());
        assertTrue(second.get("ratio").isJsonNull());
        BenchReport joined = BenchReport.joined("kernels", List.of(report, REPORT));
        assertEquals("kernels-some-gpu", joined.fileName());
        assertEquals(4, joined.rows().size());
        assertEquals(List.of("A note."), joined.notes());
    }

    @Test
    void whatMemoryAllowsIsBesideOurs() {
        BenchRow decode =
                BenchRow.of(
                                "gpt2 b1",
                                "decode_tokens_per_second",
                                true,
                                List.of(4000.0),
                                List.of(2000.0),
                                "torch")
                        .withLimit(10000);
        BenchRow first =
                BenchRow.of("gpt2 b1", "ttft_ms", false, List.of(2.0), List.of(4.0), "torch");
        BenchRow none =
                BenchRow.of("gpt2 b1", "peak_memory_mb", false, null, List.of(300.0), "other")
                        .withLimit(250);
        BenchReport report = onAGpu("infer", List.of(), List.of(decode, first, none));
        String text = report.markdown();
        assertTrue(
                text.contains(
                        "| ratio | spread | of limit | peer's name |\n"
                                + "|---|---|--:|--:|--:|--:|--:|---|\n"),
                text);
        assertTrue(text.contains(" | 4000.0 | 2000.0 | 2.00 | 0 % | 40 % | torch |\n"), text);
        assertTrue(text.contains(" | 2.00 | 4.00 | 2.00 | 0 % |  | torch |\n"), text);
        assertTrue(text.contains(" | none | 300.0 |  |  |  | other |\n"), text);
        JsonObject json = JsonParser.parseString(report.json()).getAsJsonObject();
        JsonObject row = json.getAsJsonArray("rows").get(0).getAsJsonObject();
        assertEquals(10000, row.get("limit").getAsDouble());
        assertEquals(0.4, row.get("ofLimit").getAsDouble());
        assertFalse(json.getAsJsonArray("rows").get(1).getAsJsonObject().has("limit"));
        JsonObject missing = json.getAsJsonArray("rows").get(2).getAsJsonObject();
        assertEquals(250, missing.get("limit").getAsDouble());
        assertTrue(missing.get("ofLimit").isJsonNull());
    }
}
