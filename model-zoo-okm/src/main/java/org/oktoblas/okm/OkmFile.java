package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** An opened {@code .okm}, a directory or a single file. */
public final class OkmFile implements AutoCloseable {

    private OkmFile() {}

    /** Returns whether a path looks like an {@code .okm}; cheap, and no promise that it opens. */
    public static boolean matches(Path path) {
        throw new UnsupportedOperationException("OkmFile.matches");
    }

    /** Opens and validates everything, checksums too. */
    public static OkmFile open(Path path) throws IOException, MalformedModelException {
        throw new UnsupportedOperationException("OkmFile.open");
    }

    public Path path() {
        throw new UnsupportedOperationException("OkmFile.path");
    }

    public Gpt2Config config() {
        throw new UnsupportedOperationException("OkmFile.config");
    }

    public JsonObject configJson() {
        throw new UnsupportedOperationException("OkmFile.configJson");
    }

    /** The tensors by name, in the order of {@link Gpt2Config#tensorShapes()}. */
    public Map<String, OkmTensor> tensors() {
        throw new UnsupportedOperationException("OkmFile.tensors");
    }

    /** A tensor's bytes: mapped, direct, read-only, little-endian. */
    public ByteBuffer data(String tensorName) {
        throw new UnsupportedOperationException("OkmFile.data");
    }

    /** The tokenizer's {@code tokenizer.json}, or nothing. */
    public Optional<String> tokenizerJson() throws IOException {
        throw new UnsupportedOperationException("OkmFile.tokenizerJson");
    }

    @Override
    public void close() {}
}
