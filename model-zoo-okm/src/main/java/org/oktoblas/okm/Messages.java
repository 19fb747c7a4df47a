package org.oktoblas.okm;

/** What refusals have in common: names that come from a file are quoted, shortened and escaped. */
public final class Messages {
    private static final int LONGEST = 80;

    private Messages() {}

    /** A name out of a file, in single quotes, fit for one line of a terminal. */
    public static String quote(String name) {
        StringBuilder text = new StringBuilder("'");
        for (int i = 0; i < Math.min(name.length(), LONGEST); i++) {
            char c = name.charAt(i);
            if (Character.isISOControl(c) || Character.isSurrogate(c) || c == '\u2028') {
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        return text.append(name.length() > LONGEST ? "…'" : "'").toString();
    }

    /** An exception's message without what follows its first line, or its class. */
    static String firstLine(Exception e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message.lines().findFirst().get();
    }
}
