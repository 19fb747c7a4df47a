package org.oktoblas.convert;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Safetensors files read and written the short way, apart from the code under test. */
final class Safetensors {
    private Safetensors() {}

    /** A tensor with its bytes on the heap. */
    record Tensor(String dtype, List<Long> shape, byte[] bytes) {

        static Tensor of(String dtype, long... shape) {
            long length = dtype.endsWith("16") ? 2 : dtype.equals("BOOL") ? 1 : 4;
            for (long size : shape) {
                length *= size;
            }
            return new Tensor(dtype, Arrays.stream(shape).boxed().toList(), new byte[(int) length]);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Tensor tensor
                    && dtype.equals(tensor.dtype)
                    && shape.equals(tensor.shape)
                    && Arrays.equals(bytes, tensor.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return dtype + shape + Arrays.hashCode(bytes);
        }
    }

    static Map<String, Tensor> read(Path path) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) file.getLong();
        String text = new String(file.array(), 8, length, StandardCharsets.UTF_8);
        JsonObject header = JsonParser.parseString(text).getAsJsonObject();
        header.remove("__metadata__");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : header.keySet()) {
            JsonObject json = header.getAsJsonObject(name);
            int from = json.getAsJsonArray("data_offsets").get(0).getAsInt();
            int to = json.getAsJsonArray("data_offsets").get(1).getAsInt();
            List<Long> shape =
                    json.getAsJsonArray("shape").asList().stream()
                            .map(size -> size.getAsLong())
                            .toList();
            byte[] bytes = Arrays.copyOfRange(file.array(), 8 + length + from, 8 + length + to);
            tensors.put(name, new Tensor(json.get("dtype").getAsString(), shape, bytes));
        }
        return tensors;
    }

    static void write(Path path, Map<String, Tensor> tensors) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        tensors.forEach(
                (name, tensor) -> {
                    int from = data.size();
                    data.writeBytes(tensor.bytes);
                    header.append(
                            String.format(
                                    ",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,"
                                            + "\"data_offsets\":[%d,%d]}",
                                    name, tensor.dtype, tensor.shape, from, data.size()));
                });
        write(path, header.append("}").toString(), data.toByteArray());
    }

    static void write(Path path, String header, byte[] data) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        Files.write(
                path,
                ByteBuffer.allocate(8 + text.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(text.length)
                        .put(text)
                        .put(data)
                        .array());
    }
}
