package org.oktoblas.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.oktoblas.cuda.CudaDevice;

/**
 * The figures of one run, as one JSON and one Markdown file.
 *
 * @param topic the benchmark, as {@code infer}
 * @param date the day, as {@code 2026-12-01}
 * @param commit the commit measured
 * @param device the name of the processor or GPU
 * @param driver the GPU's driver, or null
 * @param java the version of Java
 * @param host the machine: cores and vector instructions
 * @param command the command that measures the same again
 * @param notes sentences on what was seen beside the figures
 * @param rows the figures
 */
public record BenchReport(
        String topic,
        String date,
        String commit,
        String device,
        String driver,
        String java,
        String host,
        String command,
        List<String> notes,
        List<BenchRow> rows) {

    private static final Gson GSON =
            new GsonBuilder().disableHtmlEscaping().serializeNulls().setPrettyPrinting().create();

    /** Returns a report of today on a GPU of this machine. */
    public static BenchReport onGpu(
            String topic,
            String commit,
            CudaDevice gpu,
            String command,
            List<String> notes,
            List<BenchRow> rows) {
        Processor processor = Processor.detect();
        return new BenchReport(
                topic,
                LocalDate.now(ZoneOffset.UTC).toString(),
                commit,
                gpu.properties().name(),
                GpuDriver.version(),
                System.getProperty("java.version"),
                "%d cores of %s".formatted(processor.cores(), processor.name()),
                command,
                notes,
                rows);
    }

    /** Returns all figures of several reports of one run under one topic. */
    public static BenchReport joined(String topic, List<BenchReport> reports) {
        BenchReport first = reports.get(0);
        return new BenchReport(
                topic,
                first.date,
                first.commit,
                first.device,
                first.driver,
                first.java,
                first.host,
                first.command,
                reports.stream().flatMap(report -> report.notes.stream()).distinct().toList(),
                reports.stream().flatMap(report -> report.rows.stream()).toList());
    }

    /** Returns the name of the files, without their endings. */
    public String fileName() {
        String slug = device.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        return topic + "-" + slug.replaceAll("^-|-$", "");
    }

    /**
     * Writes both files.
     *
     * @param directory where; made if missing
     */
    public void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(fileName() + ".json"), json());
        Files.writeString(directory.resolve(fileName() + ".md"), markdown());
    }

    /** Returns the figures as JSON. */
    public String json() {
        JsonObject json = new JsonObject();
        json.addProperty("date", date);
        json.addProperty("commit", commit);
        json.addProperty("device", device);
        json.addProperty("driver", driver);
        json.addProperty("java", java);
        json.addProperty("host", host);
        json.addProperty("command", command);
        JsonArray array = new JsonArray();
        for (BenchRow row : rows) {
            JsonObject item = new JsonObject();
            item.addProperty("benchmark", row.benchmark());
            item.addProperty("case", row.caseName());
            item.addProperty("metric", row.metric());
            item.addProperty("higherIsBetter", row.higherIsBetter());
            item.addProperty("ours", round(row.ours()));
            item.addProperty("peer", round(row.peer()));
            item.addProperty("peerName", row.peerName());
            item.addProperty("ratio", round(row.ratio()));
            item.addProperty("rounds", row.rounds());
            item.addProperty("spread", round(row.spread()));
            if (row.shareOfCopy() != null) {
                item.addProperty("shareOfCopy", round(row.shareOfCopy()));
            }
            if (row.limit() != null) {
                item.addProperty("limit", round(row.limit()));
                item.addProperty("ofLimit", round(row.ofLimit()));
            }
            array.add(item);
        }
        json.add("rows", array);
        return GSON.toJson(json) + "\n";
    }

    /** Returns the figures as a Markdown table with what one needs to read it. */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        text.append("# ").append(topic).append(" on ").append(device).append("\n\n");
        text.append("%s, commit %s, Java %s, %s".formatted(date, commit, java, host));
        text.append(driver == null ? ".\n" : ", driver " + driver + ".\n");
        text.append("\n    ").append(command).append("\n\n");
        boolean shares = rows.stream().anyMatch(row -> row.shareOfCopy() != null);
        boolean limits = rows.stream().anyMatch(row -> row.limit() != null);
        List<String> peers =
                rows.stream().map(BenchRow::peerName).filter(Objects::nonNull).distinct().toList();
        boolean several = peers.size() > 1;
        text.append("| case | metric | OktoBLAS | peer | ratio | spread |");
        text.append(shares ? " of copy |" : "").append(limits ? " of limit |" : "");
        text.append(several ? " peer's name |" : "");
        text.append("\n|---|---|--:|--:|--:|--:|");
        text.append(shares ? "--:|" : "").append(limits ? "--:|" : "");
        text.append(several ? "---|" : "").append('\n');
        for (BenchRow row : rows) {
            text.append(
                    "| %s | %s | %s | %s | %s | %s |"
                            .formatted(
                                    row.caseName(),
                                    row.metric(),
                                    row.ours() == null ? "none" : figure(row.ours()),
                                    figure(row.peer()),
                                    row.ratio() == null ? "" : two(row.ratio()),
                                    row.ours() == null ? "" : percent(row.spread())));
            text.append(shares ? " " + percent(row.shareOfCopy()) + " |" : "");
            text.append(limits ? " " + percent(row.ofLimit()) + " |" : "");
            text.append(several ? " " + Objects.toString(row.peerName(), "") + " |" : "");
            text.append('\n');
        }
        text.append("\nA ratio over 1 says that OktoBLAS is better. Figures are medians of ");
        text.append(rows.stream().mapToInt(BenchRow::rounds).max().orElse(0));
        text.append(" rounds; spread is the interquartile range over the median.\n");
        if (peers.size() == 1) {
            text.append("\nThe peer is ").append(peers.get(0)).append(".\n");
        }
        for (String note : notes) {
            text.append('\n').append(note).append('\n');
        }
        return text.toString();
    }

    private static String figure(Double value) {
        return value == null ? "" : value < 100 ? two(value) : one(value);
    }

    private static String two(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private static String one(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String percent(Double value) {
        return value == null ? "" : String.format(Locale.ROOT, "%.0f %%", 100 * value);
    }

    private static Double round(Double value) {
        return value == null ? null : Math.round(value * 10000) / 10000.0;
    }
}
