package org.oktoblas.engine.cuda;

import java.util.Locale;

/** The operations' names as kernels spell them: {@code GELU_TANH} is "geluTanh". */
final class Names<E extends Enum<E>> {

    private final String[] names;

    private Names(E[] values) {
        names = new String[values.length];
        for (E value : values) {
            names[value.ordinal()] = camelCase(value.name());
        }
    }

    static <E extends Enum<E>> Names<E> of(Class<E> type) {
        return new Names<>(type.getEnumConstants());
    }

    String get(E value) {
        return names[value.ordinal()];
    }

    private static String camelCase(String name) {
        StringBuilder text = new StringBuilder();
        for (String word : name.toLowerCase(Locale.ROOT).split("_")) {
            text.append(
                    text.length() == 0
                            ? word
                            : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return text.toString();
    }
}
