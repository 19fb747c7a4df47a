package org.oktoblas.engine;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A model format that this engine opens by path, found through {@link java.util.ServiceLoader}. It
 * lets the model zoo bring its format without the engine knowing any.
 */
public interface ModelFormat {

    /** Returns whether a path, a file or a directory, looks like a model of this format. */
    boolean matches(Path path);

    /**
     * Loads the model as a block whose weights are attached to the manager.
     *
     * @param options what Criteria's {@code optOption} gave
     * @param properties where the format puts what the model's translators may ask for
     */
    Block load(Path path, NDManager manager, Map<String, ?> options, Map<String, String> properties)
            throws IOException, MalformedModelException;
}
