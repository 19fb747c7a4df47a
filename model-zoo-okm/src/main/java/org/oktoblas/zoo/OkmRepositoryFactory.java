package org.oktoblas.zoo;

import ai.djl.repository.LocalRepository;
import ai.djl.repository.Metadata;
import ai.djl.repository.Repository;
import ai.djl.repository.RepositoryFactory;
import ai.djl.repository.SimpleRepository;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.oktoblas.okm.OkmFile;

/**
 * Opens {@code okm:} URLs, and {@code .okm}s by {@code file:} URL or plain path.
 *
 * <ul>
 *   <li>{@code okm:///absolute/path/model.okm}: a directory or a single file, under any engine
 *   <li>{@code okm://name}: a model of the {@linkplain OkmModelZoo zoo}
 *   <li>{@code file:///absolute/path/model.okm}, which is what {@code optModelPath} turns into
 * </ul>
 *
 * <p>In a URL a comma is written {@code %2C}, because DJL's {@code optModelUrls} takes a list.
 *
 * <p>It stands in for DJL's own factory of {@code file:} URLs because DJL looks for a translator
 * before it loads the model: without a repository that names one, {@code String → String} by plain
 * path would be refused. What is no {@code .okm} becomes what DJL makes of it: a local repository
 * if there is a {@code metadata.json} in a folder below, else a simple one.
 */
public final class OkmRepositoryFactory implements RepositoryFactory {

    /** DJL finds this class as a service. */
    public OkmRepositoryFactory() {}

    @Override
    public Set<String> getSupportedScheme() {
        return Set.of("okm", "file");
    }

    /**
     * Returns the repository of a URL.
     *
     * @throws IllegalArgumentException if an {@code okm:} URL names no model that is there
     */
    @Override
    public Repository newInstance(String name, URI uri) {
        if ("okm".equals(uri.getScheme())) {
            return new OkmRepository(name, uri, OkmUrl.resolve(uri));
        }
        Path path = OkmUrl.filePath(uri);
        if (OkmFile.matches(path)) {
            return new OkmRepository(name, uri, path);
        }
        if (Files.isDirectory(path) && hasMetadata(path)) {
            return new LocalRepository(name, path.toUri(), path) {};
        }
        return new SimpleRepository(name, uri, path) {};
    }

    private static boolean hasMetadata(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.anyMatch(
                    file ->
                            file.endsWith("metadata.json")
                                    && !directory.equals(file.getParent())
                                    && isMetadata(file));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private static boolean isMetadata(Path file) {
        try (Reader reader = Files.newBufferedReader(file)) {
            Metadata metadata = JsonUtils.GSON.fromJson(reader, Metadata.class);
            return metadata != null
                    && metadata.getMetadataVersion() != null
                    && metadata.getArtifacts() != null;
        } catch (IOException | JsonParseException e) {
            return false;
        }
    }
}
