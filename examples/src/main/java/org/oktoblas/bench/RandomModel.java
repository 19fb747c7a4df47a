package org.oktoblas.bench;

import java.io.IOException;
import java.util.function.Consumer;

final class RandomModel implements AutoCloseable {
    private final String name;

    RandomModel(String name) {
        this.name = name;
    }

    static RandomModel resolve(String name, Consumer<String> progress) throws IOException {
        return new RandomModel(name);
    }

    String path() {
        return name;
    }

    String label() {
        return name;
    }

    @Override
    public void close() {}
}
