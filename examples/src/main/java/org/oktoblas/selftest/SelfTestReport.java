package org.oktoblas.selftest;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What the tests came to: a line a class as it ends, every failure, and the sums. */
public final class SelfTestReport {

    private static final int STACK_LINES = 12;

    /** What calls tests: reflection, JUnit and jqwik. */
    private static final List<String> CALLERS =
            List.of(
                    "java.lang.reflect.",
                    "jdk.internal.reflect.",
                    "java.lang.invoke.",
                    "org.junit.platform.",
                    "net.jqwik.engine.");

    private final Consumer<String> out;
    private final Consumer<String> eachTest;
    private final Map<String, List<Outcome>> running = new LinkedHashMap<>();
    private final List<Outcome> all = new ArrayList<>();

    /**
     * Starts a report.
     *
     * @param out takes the lines
     * @param eachTest takes a line a test as well
     */
    public SelfTestReport(Consumer<String> out, Consumer<String> eachTest) {
        this.out = out;
        this.eachTest = eachTest;
    }

    synchronized void add(Outcome outcome) {
        all.add(outcome);
        running.computeIfAbsent(outcome.className(), name -> new ArrayList<>()).add(outcome);
        eachTest.accept(
                String.format(
                        Locale.ROOT,
                        "%-7s %7.2f s  %s %s",
                        word(outcome.status()),
                        outcome.seconds(),
                        shortName(outcome.className()),
                        outcome.test()));
    }

    /** Prints the line of a class, and its failures. */
    synchronized void finish(String className) {
        List<Outcome> outcomes = running.remove(className);
        if (outcomes == null) {
            return;
        }
        long failed = count(outcomes, Outcome.Status.FAILED);
        long passed = count(outcomes, Outcome.Status.PASSED);
        double seconds = outcomes.stream().mapToDouble(Outcome::seconds).sum();
        out.accept(
                String.format(
                        Locale.ROOT,
                        "%s  %-28s %s, %.1f s",
                        failed > 0 ? "FAIL" : passed > 0 ? "ok  " : "skip",
                        shortName(className),
                        counts(outcomes),
                        seconds));
        Map<String, Integer> reasons = new TreeMap<>();
        for (Outcome outcome : outcomes) {
            if (outcome.status() == Outcome.Status.SKIPPED) {
                reasons.merge(oneLine(outcome.reason()), 1, Integer::sum);
            }
        }
        reasons.forEach((reason, n) -> out.accept("        skipped " + n + ": " + reason));
        outcomes.stream()
                .filter(outcome -> outcome.status() == Outcome.Status.FAILED)
                .forEach(this::explain);
    }

    private void explain(Outcome outcome) {
        out.accept("        failed: " + outcome.test());
        int depth = 0;
        for (Throwable each = outcome.failure();
                each != null && depth < 4;
                each = each.getCause()) {
            String text = each.getClass().getName() + ": " + each.getMessage();
            out.accept("            " + (depth++ == 0 ? "" : "because of ") + indented(text));
            trimmed(each.getStackTrace()).forEach(line -> out.accept("                " + line));
        }
    }

    private static String indented(String text) {
        return text.strip().replaceAll("\\R", System.lineSeparator() + "                ");
    }

    /** The frames from where it was thrown to the test: what called that is JUnit. */
    private static List<String> trimmed(StackTraceElement[] stack) {
        List<String> lines = new ArrayList<>();
        for (StackTraceElement frame : stack) {
            String name = frame.getClassName();
            if (CALLERS.stream().anyMatch(name::startsWith) || lines.size() == STACK_LINES) {
                break;
            }
            // Assertions' own frames say nothing.
            if (!name.startsWith("org.junit.jupiter.api.Assert")) {
                lines.add("at " + frame);
            }
        }
        return lines;
    }

    /** Prints the sums. */
    public synchronized void summarize() {
        List.copyOf(running.keySet()).forEach(this::finish);
        out.accept("");
        out.accept(
                all.isEmpty()
                        ? "no tests match"
                        : counts(all)
                                + String.format(
                                        Locale.ROOT,
                                        ", %.1f s",
                                        all.stream().mapToDouble(Outcome::seconds).sum()));
        if (count(all, Outcome.Status.SKIPPED) == all.size() && !all.isEmpty()) {
            out.accept("nothing was tested");
        }
        all.stream()
                .filter(outcome -> outcome.status() == Outcome.Status.FAILED)
                .forEach(
                        outcome ->
                                out.accept(
                                        "failed: "
                                                + shortName(outcome.className())
                                                + " "
                                                + outcome.test()
                                                + ": "
                                                + firstLine(outcome.reason())));
    }

    /** Returns how many tests failed. */
    public synchronized long failures() {
        return count(all, Outcome.Status.FAILED);
    }

    /** Returns how many tests there were. */
    public synchronized int tests() {
        return all.size();
    }

    /**
     * Writes every outcome as JSON.
     *
     * @param file where to
     */
    public synchronized void write(Path file) throws IOException {
        JsonArray tests = new JsonArray();
        for (Outcome outcome : all) {
            JsonObject test = new JsonObject();
            test.addProperty("class", outcome.className());
            test.addProperty("test", outcome.test());
            test.addProperty("status", word(outcome.status()));
            test.addProperty("reason", outcome.reason());
            test.addProperty("seconds", Math.round(outcome.seconds() * 1000) / 1000.0);
            tests.add(test);
        }
        JsonObject json = new JsonObject();
        for (Outcome.Status status : Outcome.Status.values()) {
            json.addProperty(word(status), count(all, status));
        }
        json.add("tests", tests);
        Files.writeString(
                file,
                new GsonBuilder().disableHtmlEscaping().setPrettyPrinting().create().toJson(json));
    }

    private static String counts(List<Outcome> outcomes) {
        List<String> parts = new ArrayList<>();
        for (Outcome.Status status : Outcome.Status.values()) {
            long n = count(outcomes, status);
            if (n > 0) {
                parts.add(n + " " + word(status));
            }
        }
        return String.join(", ", parts);
    }

    private static long count(List<Outcome> outcomes, Outcome.Status status) {
        return outcomes.stream().filter(outcome -> outcome.status() == status).count();
    }

    private static String word(Outcome.Status status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    private static String shortName(String className) {
        return className.substring(className.lastIndexOf('.') + 1);
    }

    private static String oneLine(String text) {
        return text == null ? "no reason given" : text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    private static String firstLine(String text) {
        return text == null ? "" : text.strip().lines().findFirst().orElse("");
    }
}
