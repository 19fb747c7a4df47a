package org.oktoblas.engine;

import ai.djl.BaseModel;
import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * A model on this engine: of a format that a {@link ModelFormat} service knows, or any block of the
 * application's with the parameters that DJL saved for it.
 */
public class OktoModel extends BaseModel {

    OktoModel(String name, Device device) {
        super(name);
        manager = OktoNDManager.system().newModelManager(device);
        manager.setName("oktoModel");
        dataType = DataType.FLOAT32;
    }

    /**
     * Loads a model.
     *
     * @param path a file or directory
     * @param prefix the parameter file's name for a block that was set, the model's name if null
     * @param options what Criteria's {@code optOption} gave, may be null
     * @throws FileNotFoundException if the path does not exist
     * @throws MalformedModelException if it is of no format that this engine reads, or damaged
     */
    @Override
    public void load(Path path, String prefix, Map<String, ?> options)
            throws IOException, MalformedModelException {
        if (!Files.exists(path)) {
            throw new FileNotFoundException("There is no model at " + path.toAbsolutePath() + ".");
        }
        if (block == null) {
            Map<String, ?> known = options == null ? Map.of() : options;
            if (loadFormat(path, known)) {
                return;
            }
            setModelDir(path);
            if (!modelDir.equals(path) && loadFormat(modelDir, known)) {
                return;
            }
            throw new MalformedModelException(
                    "Engine "
                            + OktoEngine.ENGINE_NAME
                            + " knows no model format for "
                            + path.toAbsolutePath()
                            + ": give the path of an .okm model, or set a block before loading the"
                            + " .params file that DJL saved for it.");
        }
        setModelDir(path);
        loadBlock(prefix == null ? modelName : prefix, options);
        wasLoaded = true;
    }

    private boolean loadFormat(Path path, Map<String, ?> options)
            throws IOException, MalformedModelException {
        for (ModelFormat format : ServiceLoader.load(ModelFormat.class)) {
            if (format.matches(path)) {
                block = format.load(path, manager, options, properties);
                modelDir = path.toAbsolutePath();
                wasLoaded = true;
                return true;
            }
        }
        return false;
    }

    /** Loads the parameters that DJL saved for the block that was set. */
    @Override
    @Refuses(value = Refusal.STREAM_WITHOUT_BLOCK, when = "no block was set")
    public void load(InputStream in, Map<String, ?> options)
            throws IOException, MalformedModelException {
        if (block == null) {
            throw Unavailable.because("Model.load(InputStream)", Refusal.STREAM_WITHOUT_BLOCK);
        }
        if (!readParameters(in, options)) {
            throw new MalformedModelException("The stream is not a .params file of DJL.");
        }
        wasLoaded = true;
    }

    /** Always refuses: this version does not train. */
    @Override
    @Refuses(Refusal.GRADIENTS)
    public Trainer newTrainer(TrainingConfig trainingConfig) {
        throw Unavailable.because("Model.newTrainer", Refusal.GRADIENTS);
    }

    @Override
    public String[] getArtifactNames() {
        if (modelDir == null || !Files.isDirectory(modelDir)) {
            return new String[0];
        }
        try (var files = Files.walk(modelDir)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> modelDir.relativize(file).toString())
                    .toArray(String[]::new);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot list the files of model " + modelDir + ".", e);
        }
    }
}
