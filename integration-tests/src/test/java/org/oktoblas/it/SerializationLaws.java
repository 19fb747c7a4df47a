package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDList.Encoding;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.engine.OktoEngine;

/** Arrays that are written by one engine are read by the other, in all of DJL's formats. */
abstract class SerializationLaws {

    private final Target ours;

    @TempDir Path directory;

    SerializationLaws(Target ours) {
        this.ours = ours;
    }

    /** All data types and kinds of shapes, with names and without. */
    private static NDList arrays(NDManager manager) {
        NDList list = new NDList();
        Shape[] shapes = {
            new Shape(2, 3), new Shape(5), new Shape(), new Shape(0), new Shape(2, 0, 3)
        };
        for (DataType type : EngineParity.TYPES) {
            for (Shape shape : shapes) {
                NDArray array = EngineParity.typed(manager, type, shape.getShape());
                if (shape.dimension() > 0) {
                    array.setName(type + "." + shape.dimension() + "." + shape.size());
                }
                list.add(array);
            }
        }
        NDArray special = EngineParity.special(manager);
        special.setName("sonderbar/äöü 漢");
        list.add(special);
        list.add(EngineParity.floats(manager, 4, 5).get("1:, ::2").transpose());
        return list;
    }

    private static void same(NDList expected, NDList actual, NDManager manager) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            NDArray e = expected.get(i);
            NDArray a = actual.get(i);
            assertEquals(e.getDataType(), a.getDataType(), "data type of " + i);
            assertEquals(e.getShape(), a.getShape(), "shape of " + i);
            assertArrayEquals(e.toByteArray(), a.toByteArray(), "elements of " + i);
            assertEquals(manager, a.getManager());
            assertEquals(manager.getDevice(), a.getDevice());
        }
    }

    private static void sameNames(NDList expected, NDList actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).getName(), actual.get(i).getName());
        }
    }

    @ParameterizedTest
    @EnumSource(Encoding.class)
    void engineReadsEngine(Encoding encoding) throws IOException {
        try (NDManager theirs = ours.peer().newManager();
                NDManager own = ours.newManager()) {
            NDManager[] managers = {theirs, own};
            for (NDManager writer : managers) {
                NDList written = arrays(writer);
                if (encoding != Encoding.ND_LIST) {
                    // An .npz file gives back no name, safetensors the one that it made up; its
                    // header is ordered by DJL as it comes.
                    written.removeIf(array -> array.getName() == null);
                }
                byte[] bytes = written.encode(encoding);
                for (NDManager reader : managers) {
                    NDList read = NDList.decode(reader, bytes);
                    NDList streamed = NDList.decode(reader, new ByteArrayInputStream(bytes));
                    if (encoding == Encoding.SAFETENSORS) {
                        NDList unordered = read;
                        read = new NDList();
                        for (NDArray array : written) {
                            read.add(unordered.get(array.getName()));
                        }
                        assertEquals(written.size(), streamed.size());
                    } else {
                        same(written, streamed, reader);
                    }
                    same(written, read, reader);
                    sameNames(written, read);
                }
            }
            if (encoding == Encoding.ND_LIST) {
                assertArrayEquals(arrays(theirs).encode(), arrays(own).encode());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Encoding.class)
    void filesAreLoaded(Encoding encoding) throws IOException {
        try (NDManager theirs = ours.peer().newManager();
                NDManager own = ours.newManager()) {
            NDList written = arrays(theirs);
            if (encoding != Encoding.ND_LIST) {
                written.removeIf(array -> array.getName() == null);
            }
            Path file = Files.write(directory.resolve("arrays"), written.encode(encoding));
            int before = own.getManagedArrays().size();
            for (NDList read :
                    List.of(
                            own.load(file),
                            own.load(file, own.getDevice()),
                            own.load(file, null))) {
                NDList ordered = new NDList();
                for (int i = 0; i < written.size(); i++) {
                    String name = written.get(i).getName();
                    ordered.add(name == null ? read.get(i) : read.get(name));
                }
                same(written, ordered, own);
            }
            assertEquals(before + 3 * written.size(), own.getManagedArrays().size());
        }
    }

    @Test
    void oneArrayIsEncodedAndDecoded() throws IOException {
        try (NDManager own = ours.newManager()) {
            for (NDArray array : arrays(own)) {
                byte[] bytes = array.encode();
                NDArray decoded = own.decode(bytes);
                NDArray streamed = own.decode(new ByteArrayInputStream(bytes));
                same(new NDList(array, array), new NDList(decoded, streamed), own);
                assertEquals(array.getName(), decoded.getName());
                assertEquals(array.getName(), streamed.getName());
            }
        }
    }

    @Test
    void brainFloatsKeepTheirBits() throws IOException {
        try (NDManager own = ours.newManager()) {
            NDArray array = EngineParity.floats(own, 3, 4).toType(DataType.BFLOAT16, false);
            array.setName("brain");
            for (Encoding encoding : new Encoding[] {Encoding.ND_LIST, Encoding.SAFETENSORS}) {
                NDList read = NDList.decode(own, new NDList(array).encode(encoding));
                same(new NDList(array), read, own);
                assertEquals("brain", read.head().getName());
            }
        }
    }

    /** One array after another from one stream, in pieces as they come over a network. */
    @Test
    void streamsAreReadPieceByPiece() throws IOException {
        try (NDManager own = ours.newManager()) {
            NDList arrays = arrays(own);
            arrays.add(own.arange(0, 300_000, 1, DataType.FLOAT32));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            arrays.encode(out);
            arrays.encode(out);
            InputStream in =
                    new FilterInputStream(new ByteArrayInputStream(out.toByteArray())) {
                        @Override
                        public int read(byte[] bytes, int offset, int length) throws IOException {
                            return super.read(bytes, offset, Math.min(length, 1013));
                        }
                    };
            same(arrays, NDList.decode(own, in), own);
            same(arrays, NDList.decode(own, in), own);
            assertEquals(-1, in.read());
        }
    }

    @Test
    void numpyFilesAreLoaded() throws IOException {
        try (NDManager own = ours.newManager()) {
            float[] expected = {1, -2, 0.5f, 3e10f, 0, 7};
            for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
                for (int version = 1; version <= 3; version++) {
                    Path file = directory.resolve("array.npy");
                    Files.write(file, npy(order, version, expected));
                    NDArray array = own.load(file).singletonOrThrow();
                    assertEquals(new Shape(2, 3), array.getShape());
                    assertArrayEquals(expected, array.toFloatArray(), order + " " + version);
                    assertNull(array.getName());
                }
            }
        }
    }

    /** A file as NumPy's format description has it. */
    private static byte[] npy(ByteOrder order, int version, float[] values) {
        String kind = order == ByteOrder.BIG_ENDIAN ? ">" : "<";
        byte[] header =
                ("{'descr': '" + kind + "f4', 'fortran_order': False, 'shape': (2, 3), }\n")
                        .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer bytes = ByteBuffer.allocate(100 + 4 * values.length);
        bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
        bytes.put((byte) version).put((byte) 0).order(ByteOrder.LITTLE_ENDIAN);
        if (version == 1) {
            bytes.putShort((short) header.length);
        } else {
            bytes.putInt(header.length);
        }
        bytes.put(header).order(order);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    @Test
    void filesOfOtherTypesAreNotCalledDamaged() throws IOException {
        try (NDManager own = ours.newManager()) {
            byte[] bytes = npy(ByteOrder.LITTLE_ENDIAN, 1, new float[6]);
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            Path file = directory.resolve("shorts.npy");
            Files.write(file, text.replace("<f4", "<i2").getBytes(StandardCharsets.ISO_8859_1));
            UnsupportedOperationException e =
                    assertThrows(UnsupportedOperationException.class, () -> own.load(file));
            assertTrue(e.getMessage().contains("int16"), e.getMessage());
        }
    }

    /** The byte order is a byte of its own in DJL's format. */
    @Test
    void bigEndianArraysAreLoaded() throws IOException {
        try (NDManager own = ours.newManager()) {
            for (DataType type : EngineParity.TYPES) {
                NDArray array = EngineParity.typed(own, type, 2, 3);
                byte[] bytes = new NDList(array).encode();
                int width = type.getNumOfBytes();
                int start = bytes.length - 6 * width;
                bytes[start - 5] = '>';
                for (int i = start; i < bytes.length; i += width) {
                    for (int j = 0; j < width / 2; j++) {
                        byte swapped = bytes[i + j];
                        bytes[i + j] = bytes[i + width - 1 - j];
                        bytes[i + width - 1 - j] = swapped;
                    }
                }
                Path file = Files.write(directory.resolve("foreign"), bytes);
                same(new NDList(array), own.load(file), own);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text",
                "empty",
                "cut",
                "type",
                "length",
                "count",
                "npy",
                "npz",
                "safetensors"
            })
    void damagedFilesAreRefused(String damage) throws IOException {
        try (NDManager own = ours.newManager()) {
            Path file = Files.write(directory.resolve(damage), damaged(own, damage));
            int arrays = own.getManagedArrays().size();
            long used = OktoEngine.get().memoryUse(ours.device()).used();
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> own.load(file));
            assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
            assertTrue(e.getMessage().contains("damaged"), e.getMessage());
            assertEquals(arrays, own.getManagedArrays().size());
            assertEquals(used, OktoEngine.get().memoryUse(ours.device()).used());
        }
    }

    private static byte[] damaged(NDManager manager, String damage) {
        NDArray first = manager.ones(new Shape(2, 3));
        first.setName("first");
        NDArray second = manager.ones(new Shape(2, 3));
        second.setName("second");
        NDList list = new NDList(first, second);
        byte[] bytes = list.encode();
        switch (damage) {
            case "text":
                return "neither this nor that".getBytes(StandardCharsets.UTF_8);
            case "empty":
                return new byte[0];
            case "cut":
                return Arrays.copyOf(bytes, bytes.length - 3);
            case "type":
                String text = new String(bytes, StandardCharsets.ISO_8859_1);
                return text.replace("FLOAT32", "FLOAT33").getBytes(StandardCharsets.ISO_8859_1);
            case "length":
                // Of the second array, in front of its elements.
                bytes[bytes.length - 24 - 4] = 0x7f;
                return bytes;
            case "count":
                bytes[3] = 5;
                return bytes;
            case "npy":
                byte[] npy = npy(ByteOrder.LITTLE_ENDIAN, 1, new float[6]);
                return Arrays.copyOf(npy, npy.length - 1);
            case "npz":
                byte[] npz = list.encode(Encoding.NPZ);
                return Arrays.copyOf(npz, npz.length / 2);
            default:
                byte[] tensors = list.encode(Encoding.SAFETENSORS);
                return Arrays.copyOf(tensors, tensors.length - 1);
        }
    }

    @Test
    void filesThatAreNotThere() {
        try (NDManager own = ours.newManager()) {
            Path missing = directory.resolve("missing");
            UncheckedIOException e =
                    assertThrows(UncheckedIOException.class, () -> own.load(missing));
            assertTrue(e.getMessage().contains(missing.toString()), e.getMessage());
        }
    }

    @Test
    void aCappedManagerKeepsNothingOfAFile() throws IOException {
        long used = OktoEngine.get().memoryUse(ours.device()).used();
        try (NDManager own = ours.newManager()) {
            Path file = directory.resolve("arrays");
            try (NDManager writer = ours.newManager()) {
                Files.write(file, arrays(writer).encode());
            }
            own.cap();
            assertThrows(IllegalStateException.class, () -> own.load(file));
            assertEquals(used, OktoEngine.get().memoryUse(ours.device()).used());
        }
    }

    /** What DJL says of bytes that are no arrays, whatever the engine. */
    @Test
    void damagedBytesAreRefused() {
        try (NDManager own = ours.newManager()) {
            byte[] good = own.ones(new Shape(2, 3)).encode();
            byte[] foreign = good.clone();
            foreign[2] = 'X';
            byte[] future = good.clone();
            future[9] = 9;
            Stream.of(foreign, future)
                    .forEach(
                            bytes -> {
                                assertThrows(
                                        IllegalArgumentException.class, () -> own.decode(bytes));
                                assertThrows(
                                        IllegalArgumentException.class,
                                        () -> own.decode(new ByteArrayInputStream(bytes)));
                            });
            byte[] cut = Arrays.copyOf(good, good.length - 1);
            assertThrows(IOException.class, () -> own.decode(new ByteArrayInputStream(cut)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> NDList.decode(own, new ByteArrayInputStream(cut)));
        }
    }
}
