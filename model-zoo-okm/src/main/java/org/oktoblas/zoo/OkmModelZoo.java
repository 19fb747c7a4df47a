package org.oktoblas.zoo;

import ai.djl.repository.zoo.BaseModelLoader;
import ai.djl.repository.zoo.DefaultModelZoo;
import ai.djl.repository.zoo.ModelLoader;
import ai.djl.repository.zoo.ModelZoo;
import ai.djl.util.Utils;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.oktoblas.okm.OkmFile;

/**
 * The models at hand: every {@code name.okm}, a directory or a single file, in the folders of the
 * search path. These are the ones that {@value #SEARCH_PATH} lists (an environment variable or a
 * system property, separated like a class path), then {@code ~/.oktoblas/models}. The first of a
 * name counts. Nothing is ever downloaded.
 *
 * <p>DJL lists them ({@link ModelZoo#listModels()}) under group {@value #GROUP_ID}, each by its
 * name as artifact; {@code okm://name} loads one.
 */
public final class OkmModelZoo extends ModelZoo {

    /** The group of these models. */
    public static final String GROUP_ID = "org.oktoblas";

    /** The environment variable or system property that lists folders of models. */
    public static final String SEARCH_PATH = "OKTO_MODELS";

    /** The group that DJL gives to models by URL, and by which it lets every engine load them. */
    static final String LOCAL_GROUP_ID = DefaultModelZoo.GROUP_ID;

    static final String EXTENSION = ".okm";

    OkmModelZoo() {}

    @Override
    public String getGroupId() {
        return GROUP_ID;
    }

    @Override
    public Set<String> getSupportedEngines() {
        return Set.of("OktoBLAS", "PyTorch");
    }

    @Override
    public Collection<ModelLoader> getModelLoaders() {
        List<ModelLoader> loaders = new ArrayList<>();
        models().forEach((name, path) -> loaders.add(loader(name, path)));
        return loaders;
    }

    @Override
    public ModelLoader getModelLoader(String name) {
        return find(name).map(path -> loader(name, path)).orElse(null);
    }

    private static ModelLoader loader(String name, Path path) {
        OkmRepository repository = new OkmRepository(name, path.toUri(), path);
        return new BaseModelLoader(repository.asZooModel(GROUP_ID));
    }

    /** Returns the folders that are searched, first things first, whether they exist or not. */
    public static List<Path> searchPath() {
        List<Path> folders = new ArrayList<>();
        String listed = Utils.getEnvOrSystemProperty(SEARCH_PATH, "");
        for (String folder : listed.split(File.pathSeparator)) {
            if (!folder.isBlank()) {
                folders.add(Path.of(folder.trim()).toAbsolutePath());
            }
        }
        folders.add(Path.of(System.getProperty("user.home"), ".oktoblas", "models"));
        return folders;
    }

    /** Returns the models that are there, by name. */
    public static Map<String, Path> models() {
        Map<String, Path> models = new TreeMap<>();
        for (Path folder : searchPath()) {
            if (!Files.isDirectory(folder)) {
                continue;
            }
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "*.okm")) {
                for (Path entry : entries) {
                    if (OkmFile.matches(entry)) {
                        models.putIfAbsent(name(entry), entry);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot list the models in " + folder, e);
            }
        }
        return models;
    }

    /** Returns the model of a name, which contains no path. */
    public static Optional<Path> find(String name) {
        Predicate<Path> there = path -> Files.exists(path) && OkmFile.matches(path);
        return name.contains("/") || name.contains("\\")
                ? Optional.empty()
                : searchPath().stream()
                        .map(folder -> folder.resolve(name + EXTENSION))
                        .filter(there)
                        .findFirst();
    }

    private static String name(Path model) {
        String file = model.getFileName().toString();
        return file.substring(0, file.length() - EXTENSION.length());
    }
}
