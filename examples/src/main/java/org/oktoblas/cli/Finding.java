package org.oktoblas.cli;

/**
 * One thing that the doctor found.
 *
 * @param level how bad it is
 * @param topic what it is about
 * @param text what is
 * @param remedy what to do, or null if nothing needs doing
 */
record Finding(Level level, String topic, String text, String remedy) {

    enum Level {
        GOOD,
        INFO,
        WARNING,
        BROKEN
    }

    static Finding good(String topic, String text) {
        return new Finding(Level.GOOD, topic, text, null);
    }

    static Finding info(String topic, String text) {
        return new Finding(Level.INFO, topic, text, null);
    }

    static Finding warning(String topic, String text, String remedy) {
        return new Finding(Level.WARNING, topic, text, remedy);
    }

    static Finding broken(String topic, String text, String remedy) {
        return new Finding(Level.BROKEN, topic, text, remedy);
    }
}
