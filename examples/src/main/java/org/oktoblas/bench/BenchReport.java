package org.oktoblas.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The figures of one run, as one JSON and one Markdown file.
 *
 * @param topic the benchmark, as {@code infer}
 * @param date the day, as {@code 2026-12-01}
 * @param commit the commit measured
 * @param device the processor's name
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
        String java,
        String host,
        String command,
        List<String> notes,
        List<BenchRow> rows) {

    private static final Gson GSON =
            new GsonBuilder().disableHtmlEscaping().serializeNulls().setPrettyPrinting().create();

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
        json.addProperty("driver", (String) null);
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
            array.add(item);
        }
        json.add("rows", array);
        return GSON.toJson(json) + "\n";
    }

    /** Returns the figures as a Markdown table with what one needs to read it. */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        text.append("# ").append(topic).append(" on ").append(device).append("\n\n");
        text.append("%s, commit %s, Java %s, %s.\n".formatted(date, commit, java, host));
        text.append("\n    ").append(command).append("\n\n");
        text.append("| case | metric | OktoBLAS | peer | ratio | spread |\n");
        text.append("|---|---|--:|--:|--:|--:|\n");
        for (BenchRow row : rows) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "| %s | %s | %s | %s | %s | %.0f %% |\n",
                            row.caseName(),
                            row.metric(),
                            figure(row.ours()),
                            row.peer() == null ? "" : figure(row.peer()),
                            row.ratio() == null
                                    ? ""
                                    : String.format(Locale.ROOT, "%.2f", row.ratio()),
                            100 * row.spread()));
        }
        text.append("\nA ratio over 1 says that OktoBLAS is better. Figures are medians of ");
        text.append(rows.isEmpty() ? 0 : rows.get(0).rounds());
        text.append(" rounds; spread is the interquartile range over the median.\n");
        for (String note : notes) {
            text.append('\n').append(note).append('\n');
        }
        return text.toString();
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.2f" : "%.1f", value);
    }

    private static Double round(Double value) {
        return value == null ? null : Math.round(value * 10000) / 10000.0;
    }
}
