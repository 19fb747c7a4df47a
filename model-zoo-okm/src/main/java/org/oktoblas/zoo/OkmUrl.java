package org.oktoblas.zoo;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code okm:} URLs mean. */
final class OkmUrl {

    private OkmUrl() {}

    /**
     * Returns the model that an {@code okm:} URL names.
     *
     * @throws IllegalArgumentException if it is malformed, or no model is there; with the places
     *     where it looked
     */
    static Path resolve(URI uri) {
        String name = uri.getAuthority();
        if (uri.isOpaque()) {
            throw malformed(uri);
        }
        if (name == null) {
            Path path = filePath(uri);
            if (!Files.exists(path)) {
                throw new IllegalArgumentException(uri + ": no such file or directory: " + path);
            }
            return path;
        }
        String rest = uri.getPath();
        if (!rest.isEmpty() && !rest.equals("/")) {
            throw malformed(uri);
        }
        return OkmModelZoo.find(name)
                .orElseThrow(() -> new IllegalArgumentException(notFound(uri, name)));
    }

    private static IllegalArgumentException malformed(URI uri) {
        return new IllegalArgumentException(
                uri
                        + " is not a model's URL; write okm:///absolute/path/to/model.okm or"
                        + " okm://name");
    }

    private static String notFound(URI uri, String name) {
        List<String> known = OkmModelZoo.models().keySet().stream().sorted().toList();
        return uri
                + ": no model "
                + name
                + OkmModelZoo.EXTENSION
                + " in "
                + OkmModelZoo.searchPath().stream()
                        .map(Path::toString)
                        .collect(Collectors.joining(" or "))
                + (known.isEmpty() ? "" : "; there are " + known)
                + ". Set "
                + OkmModelZoo.SEARCH_PATH
                + " to the folder that holds it.";
    }

    /** Returns the file that a URL without authority names. */
    static Path filePath(URI uri) {
        String path = uri.getPath() == null ? uri.getSchemeSpecificPart() : uri.getPath();
        boolean drive = path.matches("/[A-Za-z]:.*");
        return Path.of(drive ? path.substring(1) : path);
    }
}
