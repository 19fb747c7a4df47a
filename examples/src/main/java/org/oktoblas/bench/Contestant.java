package org.oktoblas.bench;

import java.io.IOException;

/** One engine with one model loaded in one precision, ready to generate. */
interface Contestant extends AutoCloseable {

    /** Generates greedily, ignoring the end of text, and says what it took. */
    Sample run(InferCase task) throws IOException;

    @Override
    void close();
}
