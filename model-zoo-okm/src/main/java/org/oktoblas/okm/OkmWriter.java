package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Writes an {@code .okm}. Everything goes to a temporary name beside the target, which is moved
 * into place when it is whole: an interrupted or failed writer leaves nothing that looks like a
 * model, and a target that existed stays as it was. The same content gives the same bytes.
 */
public final class OkmWriter {
    /** The two forms of an {@code .okm}. */
    public enum Form {
        /** One stored zip archive. A file of that name is replaced. */
        FILE,
        /** A directory, which must not exist yet or be empty. */
        DIRECTORY
    }

    /** One tensor's elements, which are asked for when their turn has come. */
    public interface TensorSource {
        /** The type to write. */
        OkmType type();

        /**
         * Writes the tensor's bytes, little-endian and row-major, in as many pieces as it likes.
         *
         * @throws MalformedModelException if the source turns out to be no good
         */
        void writeTo(WritableByteChannel out) throws IOException, MalformedModelException;
    }

    /**
     * What a model consists of.
     *
     * @param config Hugging Face's keys; an {@code okm} among them is ignored
     * @param tensors by the names of {@link Gpt2Config#tensorShapes()}, in any order
     * @param tokenizerJson the text of a Hugging Face fast tokenizer, or null
     * @param generationConfig Hugging Face's {@code generation_config.json}, or null
     */
    public record Content(
            JsonObject config,
            Map<String, ? extends TensorSource> tensors,
            String tokenizerJson,
            JsonObject generationConfig) {}

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();

    private static final String SERVING_PROPERTIES =
            """
            # Opens this model under any DJL engine and in DJL Serving, without further options.
            blockFactory=org.oktoblas.gpt2.Gpt2BlockFactory
            translatorFactory=org.oktoblas.zoo.OkmTranslatorFactory
            option.hasParameter=false
            """;

    private final Content content;
    private final Progress progress;
    private final Map<String, OkmTensor> tensors;
    private final JsonArray tensorList = new JsonArray();
    private final long totalBytes;
    private long doneBytes;

    private OkmWriter(Path target, Content content, Progress progress)
            throws MalformedModelException {
        this.content = content;
        this.progress = progress;
        tensors = layOut(target, content);
        totalBytes = tensors.values().stream().mapToLong(OkmTensor::byteLength).sum();
    }

    /**
     * Writes a model.
     *
     * @throws MalformedModelException if the configuration is none of a supported model, a tensor
     *     is missing or unknown, a source gives too few or too many bytes, or the tokenizer is no
     *     JSON
     * @throws IOException if writing fails; the target is as it was
     */
    public static void write(Path target, Form form, Content content, Progress progress)
            throws IOException, MalformedModelException {
        OkmWriter writer = new OkmWriter(target, content, progress);
        try (OkmOutput output = OkmOutput.open(target, form)) {
            writer.writeWeights(output);
            if (content.tokenizerJson() != null) {
                output.write(OkmParts.TOKENIZER, utf8(content.tokenizerJson()));
            }
            if (form == Form.DIRECTORY) {
                output.write("serving.properties", utf8(SERVING_PROPERTIES));
            }
            // Last: without it nobody takes what is there for a model.
            output.write(OkmParts.CONFIG, utf8(GSON.toJson(writer.configJson()) + "\n"));
            output.moveIntoPlace();
        }
    }

    private static Map<String, OkmTensor> layOut(Path target, Content content)
            throws MalformedModelException {
        Gpt2Config config = Gpt2Config.fromJson(content.config(), target + ": the new config.json");
        if (content.tokenizerJson() != null) {
            Json.checkObject(utf8(content.tokenizerJson()), target + ": the new tokenizer.json");
        }
        Map<String, OkmTensor> tensors = new LinkedHashMap<>();
        if (config.tensorCount() != content.tensors().size()) {
            throw new MalformedModelException(
                    String.format(
                            "%s: a model of this config has %d tensors, but there are %d",
                            target, config.tensorCount(), content.tensors().size()));
        }
        long offset = 0;
        for (Map.Entry<String, Shape> shape : config.tensorShapes().entrySet()) {
            String name = shape.getKey();
            TensorSource source = content.tensors().get(name);
            if (source == null) {
                throw new MalformedModelException(
                        target + ": tensor " + Messages.quote(name) + " is missing");
            }
            long length;
            try {
                length = TensorTable.byteLength(source.type(), shape.getValue());
            } catch (ArithmeticException e) {
                throw new MalformedModelException(
                        target + ": tensor " + Messages.quote(name) + " is larger than 2 GiB", e);
            }
            tensors.put(
                    name, new OkmTensor(name, source.type(), shape.getValue(), offset, length, ""));
            offset = TensorTable.align(offset + length);
        }
        return tensors;
    }

    private void writeWeights(OkmOutput output) throws IOException, MalformedModelException {
        long size =
                tensors.values().stream()
                        .mapToLong(t -> t.offset() + t.byteLength())
                        .max()
                        .orElse(0);
        long end = 0;
        try (WritableByteChannel out = output.begin(OkmParts.WEIGHTS, size)) {
            for (OkmTensor tensor : tensors.values()) {
                out.write(ByteBuffer.allocate((int) (tensor.offset() - end)));
                end = tensor.offset() + tensor.byteLength();
                Checked checked = new Checked(out, tensor);
                content.tensors().get(tensor.name()).writeTo(checked);
                tensorList.add(TensorTable.toJson(checked.finish()));
            }
        }
    }

    private JsonObject configJson() {
        JsonObject json = content.config().deepCopy();
        JsonObject okm = new JsonObject();
        json.add("okm", okm);
        okm.addProperty("format_version", OkmFile.FORMAT_VERSION);
        if (content.tokenizerJson() != null) {
            okm.addProperty("tokenizer", Checksum.of(utf8(content.tokenizerJson())));
        }
        if (content.generationConfig() != null) {
            okm.add("generation_config", content.generationConfig());
        }
        okm.add("tensors", tensorList);
        okm.addProperty("checksum", Checksum.ofConfig(json));
        return json;
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Passes one tensor's bytes on, counts them and sums them up. */
    private final class Checked implements WritableByteChannel {
        private final WritableByteChannel out;
        private final OkmTensor tensor;
        private final CRC32C crc = new CRC32C();
        private long count;

        Checked(WritableByteChannel out, OkmTensor tensor) {
            this.out = out;
            this.tensor = tensor;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            int length = bytes.remaining();
            count += length;
            if (count > tensor.byteLength()) {
                throw new IOException(
                        String.format(
                                "tensor %s has more than the %d bytes of its shape",
                                Messages.quote(tensor.name()), tensor.byteLength()));
            }
            crc.update(bytes.duplicate());
            out.write(bytes);
            doneBytes += length;
            progress.update(doneBytes, totalBytes);
            return length;
        }

        OkmTensor finish() throws MalformedModelException {
            if (count != tensor.byteLength()) {
                throw new MalformedModelException(
                        String.format(
                                "tensor %s has %d bytes, but its shape needs %d",
                                Messages.quote(tensor.name()), count, tensor.byteLength()));
            }
            return new OkmTensor(
                    tensor.name(),
                    tensor.type(),
                    tensor.shape(),
                    tensor.offset(),
                    tensor.byteLength(),
                    Checksum.format(crc));
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
