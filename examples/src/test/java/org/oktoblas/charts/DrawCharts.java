package org.oktoblas.charts;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a report of {@code okto bench} as bars: a picture for every metric, a group for a case. */
public final class DrawCharts {

    private static final String OURS = "OktoBLAS";
    private static final String LIMIT = "limit of the memory";
    private static final Color[] PEERS = {
        new Color(0x8C, 0x8C, 0x8C), new Color(0xC9, 0xB2, 0x7C), new Color(0x6F, 0x8F, 0xAF)
    };

    /** Above it, the shortest bar would hardly be seen on an ordinary scale. */
    private static final double WIDEST_LINEAR_RANGE = 20;

    private DrawCharts() {}

    /**
     * Writes {@code REPORT-METRIC.png} beside every report.
     *
     * @param args reports as JSON
     * @throws IOException if one cannot be read or a picture cannot be written
     */
    public static void main(String[] args) throws IOException {
        System.setProperty("java.awt.headless", "true");
        for (String arg : args) {
            for (Path picture : draw(Path.of(arg))) {
                System.out.println("wrote " + picture);
            }
        }
    }

    /**
     * Draws every metric that several cases have.
     *
     * @param report a report as JSON
     * @return the pictures
     * @throws IOException if it cannot be read or a picture cannot be written
     */
    static List<Path> draw(Path report) throws IOException {
        JsonObject json = JsonParser.parseString(Files.readString(report)).getAsJsonObject();
        Map<String, List<JsonObject>> metrics = new LinkedHashMap<>();
        JsonArray rows = json.getAsJsonArray("rows");
        for (JsonElement element : rows) {
            JsonObject row = element.getAsJsonObject();
            metrics.computeIfAbsent(row.get("metric").getAsString(), m -> new ArrayList<>())
                    .add(row);
        }
        String stem = report.getFileName().toString().replaceFirst("\\.json$", "");
        String where =
                "%s, %s, commit %s"
                        .formatted(
                                json.get("device").getAsString(),
                                json.get("date").getAsString(),
                                json.get("commit").getAsString());
        List<Path> pictures = new ArrayList<>();
        for (Map.Entry<String, List<JsonObject>> metric : metrics.entrySet()) {
            if (cases(metric.getValue()).size() > 1) {
                String name = metric.getKey().replace('_', '-');
                Path picture = report.resolveSibling("%s-%s.png".formatted(stem, name));
                CategoryChart chart = chart(metric.getKey(), where, metric.getValue());
                try (OutputStream out = Files.newOutputStream(picture)) {
                    BitmapEncoder.saveBitmap(chart, out, BitmapFormat.PNG);
                }
                pictures.add(picture);
            }
        }
        return pictures;
    }

    private static List<String> cases(List<JsonObject> rows) {
        return rows.stream().map(row -> row.get("case").getAsString()).distinct().toList();
    }

    private static CategoryChart chart(String metric, String where, List<JsonObject> rows) {
        List<String> cases = cases(rows);
        boolean higher = rows.get(0).get("higherIsBetter").getAsBoolean();
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(Math.max(700, 220 + 75 * cases.size()))
                        .height(520)
                        .title(
                                "%s (%s is better): %s"
                                        .formatted(
                                                metric.replace('_', ' '),
                                                higher ? "more" : "less",
                                                where))
                        .build();
        Map<String, Map<String, Double>> series = series(rows);
        style(chart, series.values().stream().map(Map::values).toList());
        int peer = 0;
        for (Map.Entry<String, Map<String, Double>> entry : series.entrySet()) {
            List<Double> values = new ArrayList<>();
            cases.forEach(name -> values.add(entry.getValue().get(name)));
            if (values.stream().allMatch(Objects::isNull)) {
                continue;
            }
            CategorySeries drawn = chart.addSeries(entry.getKey(), cases, values);
            switch (entry.getKey()) {
                case OURS -> drawn.setFillColor(new Color(0x1B, 0x6E, 0x53));
                case LIMIT -> {
                    drawn.setChartCategorySeriesRenderStyle(
                            CategorySeries.CategorySeriesRenderStyle.Scatter);
                    drawn.setMarker(SeriesMarkers.DIAMOND);
                    drawn.setMarkerColor(new Color(0xB0, 0x30, 0x30));
                }
                default -> drawn.setFillColor(PEERS[peer++ % PEERS.length]);
            }
        }
        return chart;
    }

    /** Returns the figures of everybody who has some, by their names and the cases'. */
    private static Map<String, Map<String, Double>> series(List<JsonObject> rows) {
        Map<String, Map<String, Double>> series = new LinkedHashMap<>();
        series.put(OURS, new LinkedHashMap<>());
        Set<String> peers = new LinkedHashSet<>();
        for (JsonObject row : rows) {
            if (!row.get("peerName").isJsonNull()) {
                peers.add(row.get("peerName").getAsString());
            }
        }
        peers.forEach(peer -> series.put(peer, new LinkedHashMap<>()));
        series.put(LIMIT, new LinkedHashMap<>());
        for (JsonObject row : rows) {
            String name = row.get("case").getAsString();
            put(series.get(OURS), name, row.get("ours"));
            put(series.get(LIMIT), name, row.get("limit"));
            if (!row.get("peerName").isJsonNull()) {
                put(series.get(row.get("peerName").getAsString()), name, row.get("peer"));
            }
        }
        return series;
    }

    private static void put(Map<String, Double> figures, String name, JsonElement value) {
        if (value != null && !value.isJsonNull()) {
            figures.put(name, value.getAsDouble());
        }
    }

    private static void style(CategoryChart chart, List<Collection<Double>> figures) {
        chart.getStyler().setXAxisLabelRotation(40);
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setYAxisDecimalPattern("#,##0.###");
        chart.getStyler().setPlotBorderVisible(false);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        chart.getStyler().setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
        double least = Double.MAX_VALUE;
        double most = 0;
        for (Collection<Double> each : figures) {
            for (double value : each) {
                least = Math.min(least, value);
                most = Math.max(most, value);
            }
        }
        if (least > 0 && most > WIDEST_LINEAR_RANGE * least) {
            chart.getStyler().setYAxisLogarithmic(true);
            // Low enough that the shortest bar is one.
            chart.getStyler().setYAxisMin(Math.pow(10, Math.floor(Math.log10(least / 2))));
        } else {
            chart.getStyler().setYAxisMin(0.0);
        }
    }
}
