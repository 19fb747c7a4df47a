package org.oktoblas.gpt2;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.oktoblas.okm.OkmFile;

/**
 * Builds a {@link Gpt2Block} out of an {@code .okm} with the model's manager, so that any engine
 * can load one: DJL asks the model argument {@code blockFactory} for a block before it loads the
 * model itself, which the option {@code hasParameter=false} then tells that nothing is left to do.
 * A {@code serving.properties} in the directory form carries both; so does what an {@code okm:} URL
 * resolves to.
 *
 * <p>The argument {@code precision} ({@code auto}, {@code fp32}, {@code fp16}, {@code bf16})
 * chooses the arithmetic.
 */
public final class Gpt2BlockFactory implements BlockFactory {

    private static final long serialVersionUID = 1L;

    /** A single file's path; null to take the model's directory. */
    private final String file;

    /** Loads the directory that DJL names. */
    public Gpt2BlockFactory() {
        file = null;
    }

    /** Loads a certain file, of which DJL would tell but the directory. */
    public Gpt2BlockFactory(Path file) {
        this.file = file.toString();
    }

    /**
     * Loads the model.
     *
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if the engine cannot run in the precision
     */
    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        Path path = file == null ? modelPath : Path.of(file);
        Object precision = arguments.get("precision");
        try {
            return Gpt2Block.load(
                    OkmFile.open(path),
                    model.getNDManager(),
                    precision == null ? Precision.AUTO : Precision.parse(precision.toString()));
        } catch (MalformedModelException e) {
            throw asDeclaredByLoaders(e);
        }
    }

    /**
     * Lets a refused model be told as DJL tells it. This method's interface does not declare the
     * exception, but all that call it in DJL do.
     */
    @SuppressWarnings("unchecked")
    private static <E extends Exception> E asDeclaredByLoaders(Exception e) throws E {
        throw (E) e;
    }
}
