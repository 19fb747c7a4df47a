package org.oktoblas.gpt2;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.oktoblas.engine.ModelFormat;
import org.oktoblas.okm.OkmFile;

/**
 * Lets engine OktoBLAS open an {@code .okm} wherever DJL loads a model by path, {@code Model.load}
 * included. The option or model property {@code precision} chooses the arithmetic.
 */
public final class Gpt2ModelFormat implements ModelFormat {

    @Override
    public boolean matches(Path path) {
        return OkmFile.matches(path);
    }

    @Override
    public Block load(
            Path path, NDManager manager, Map<String, ?> options, Map<String, String> properties)
            throws IOException, MalformedModelException {
        Object precision = options == null ? null : options.get("precision");
        if (precision == null) {
            precision = properties.getOrDefault("precision", "auto");
        }
        return Gpt2Block.load(OkmFile.open(path), manager, Precision.parse(precision.toString()));
    }
}
