package org.oktoblas.bench.ndarray;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.oktoblas.bench.BenchRow;

/** What many ratios come to, as Markdown. */
final class Summary {

    private static final int WORST = 10;

    private Summary() {}

    /** Returns the geometric mean of the ratios of each class, or an empty text without a peer. */
    static String means(Map<String, List<BenchRow>> classes) {
        Map<String, List<Double>> ratios = new LinkedHashMap<>();
        classes.forEach(
                (name, rows) -> {
                    List<Double> known =
                            rows.stream()
                                    .map(BenchRow::ratio)
                                    .filter(ratio -> ratio != null)
                                    .toList();
                    if (!known.isEmpty()) {
                        ratios.put(name, known);
                    }
                });
        if (ratios.isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        text.append("| elements | cases | geometric mean of the ratios | ratios below 1 |\n");
        text.append("|---|--:|--:|--:|\n");
        ratios.forEach(
                (name, known) ->
                        text.append(
                                String.format(
                                        Locale.ROOT,
                                        "| %s | %d | %.2f | %d |\n",
                                        name,
                                        known.size(),
                                        geometricMean(known),
                                        known.stream().filter(ratio -> ratio < 1).count())));
        return text.toString().strip();
    }

    /** Returns the cases whose ratios are the lowest, or an empty text without a peer. */
    static String worst(List<BenchRow> rows) {
        List<BenchRow> worst =
                rows.stream()
                        .filter(row -> row.ratio() != null)
                        .sorted(Comparator.comparing(BenchRow::ratio))
                        .limit(WORST)
                        .toList();
        if (worst.isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder("| the lowest ratios | |\n|---|--:|\n");
        for (BenchRow row : worst) {
            text.append(String.format(Locale.ROOT, "| %s | %.2f |\n", row.caseName(), row.ratio()));
        }
        return text.toString().strip();
    }

    static double geometricMean(List<Double> ratios) {
        double logs = ratios.stream().mapToDouble(Math::log).sum();
        return Math.exp(logs / ratios.size());
    }
}
