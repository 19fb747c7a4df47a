package org.oktoblas.it.differential;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/** Counts what cases were compared with. */
final class Tally {

    /** What a case was compared with. */
    enum Kind {
        PEER("compared with the other engine"),
        REFERENCE("refused by the other engine, compared with plain Java"),
        OURS_ALONE("refused by the other engine alone"),
        BOTH_REFUSE("refused by both engines"),
        KNOWN("known to differ");

        private final String text;

        Kind(String text) {
            this.text = text;
        }
    }

    private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
    private final Map<String, Integer> differences = new TreeMap<>();
    private final Map<String, Integer> alone = new TreeMap<>();

    void count(Kind kind) {
        counts.merge(kind, 1, Integer::sum);
    }

    /** Counts a case that differs for a known reason. */
    void known(String operation, String reason) {
        count(Kind.KNOWN);
        differences.merge(operation + ": " + reason, 1, Integer::sum);
    }

    void alone(String operation) {
        count(Kind.OURS_ALONE);
        alone.merge(operation, 1, Integer::sum);
    }

    int cases() {
        return counts.values().stream().mapToInt(i -> i).sum();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(cases() + " cases:");
        counts.forEach((kind, n) -> text.append("\n  ").append(n).append(' ').append(kind.text));
        text.append("\nKnown differences:");
        differences.forEach((name, n) -> text.append("\n  ").append(n).append(' ').append(name));
        text.append("\nCompared with nothing:");
        alone.forEach((name, n) -> text.append("\n  ").append(n).append(' ').append(name));
        return text.toString();
    }
}
