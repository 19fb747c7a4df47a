package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.ToNumberPolicy;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Reads JSON from files that nobody vouches for: strict UTF-8 and syntax, no key twice, at most
 * {@value #MAX_DEPTH} levels and a given number of values, so that a small text cannot grow into a
 * large tree. Numbers keep the text they were written with.
 */
public final class Json {
    private static final int MAX_DEPTH = 32;
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,18}");

    private final JsonReader reader;
    private final String where;
    private long valuesLeft;

    private Json(JsonReader reader, String where, long maxValues) {
        this.reader = reader;
        this.where = where;
        this.valuesLeft = maxValues;
    }

    /**
     * Parses a text that must be one object.
     *
     * @param where the file, for messages
     * @param maxValues how many values, keys' and lists', the text may have in all
     * @throws MalformedModelException if the text is anything else, saying what and where
     */
    public static JsonObject parseObject(ByteBuffer utf8, String where, long maxValues)
            throws MalformedModelException {
        return read(
                utf8,
                where,
                reader -> {
                    Json json = new Json(reader, where, maxValues);
                    JsonElement root = json.value(0);
                    if (!root.isJsonObject()) {
                        throw new MalformedModelException(where + ": must be a JSON object");
                    }
                    return root.getAsJsonObject();
                });
    }

    /** Checks that a text is one JSON object, and keeps nothing of it. */
    public static void checkObject(ByteBuffer utf8, String where) throws MalformedModelException {
        read(
                utf8,
                where,
                reader -> {
                    if (reader.peek() != JsonToken.BEGIN_OBJECT) {
                        throw new MalformedModelException(where + ": must be a JSON object");
                    }
                    reader.skipValue();
                    return null;
                });
    }

    /**
     * The value of an integer, which must be written as one: {@code 12}, not {@code 12.0} or {@code
     * 1e9}.
     *
     * @param what which value it is, for messages
     * @throws MalformedModelException if it is no integer, or has over 18 digits
     */
    public static long integer(JsonElement value, String where, String what)
            throws MalformedModelException {
        if (value != null
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isNumber()
                && INTEGER.matcher(value.getAsString()).matches()) {
            return Long.parseLong(value.getAsString());
        }
        throw new MalformedModelException(
                where + ": " + what + " must be an integer of at most 18 digits");
    }

    private interface Body<T> {
        T read(JsonReader reader) throws IOException, MalformedModelException;
    }

    private static <T> T read(ByteBuffer utf8, String where, Body<T> body)
            throws MalformedModelException {
        Reader characters =
                new InputStreamReader(
                        new BufferStream(utf8.duplicate()),
                        StandardCharsets.UTF_8
                                .newDecoder()
                                .onMalformedInput(CodingErrorAction.REPORT)
                                .onUnmappableCharacter(CodingErrorAction.REPORT));
        try (JsonReader reader = new JsonReader(characters)) {
            reader.setStrictness(Strictness.STRICT);
            T result = body.read(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new MalformedModelException(where + ": text follows the JSON object");
            }
            return result;
        } catch (CharacterCodingException e) {
            throw new MalformedModelException(where + ": is not UTF-8 text", e);
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            // The reader's messages tell line, column and path; the buffer itself cannot fail.
            throw new MalformedModelException(
                    where + ": is not valid JSON: " + Messages.firstLine(e), e);
        }
    }

    private JsonElement value(int depth) throws IOException, MalformedModelException {
        if (--valuesLeft < 0) {
            throw new MalformedModelException(where + ": has more values than any model needs");
        }
        if (depth > MAX_DEPTH) {
            throw new MalformedModelException(
                    where + ": is nested more than " + MAX_DEPTH + " levels deep");
        }
        switch (reader.peek()) {
            case BEGIN_OBJECT:
                return object(depth);
            case BEGIN_ARRAY:
                JsonArray array = new JsonArray();
                reader.beginArray();
                while (reader.hasNext()) {
                    array.add(value(depth + 1));
                }
                reader.endArray();
                return array;
            case STRING:
                return new JsonPrimitive(reader.nextString());
            case NUMBER:
                return new JsonPrimitive(ToNumberPolicy.LAZILY_PARSED_NUMBER.readNumber(reader));
            case BOOLEAN:
                return new JsonPrimitive(reader.nextBoolean());
            case NULL:
                reader.nextNull();
                return JsonNull.INSTANCE;
            default:
                throw new MalformedModelException(where + ": is not valid JSON");
        }
    }

    private JsonObject object(int depth) throws IOException, MalformedModelException {
        JsonObject object = new JsonObject();
        reader.beginObject();
        while (reader.hasNext()) {
            String name = reader.nextName();
            if (object.has(name)) {
                throw new MalformedModelException(
                        where + ": has the key " + Messages.quote(name) + " twice");
            }
            object.add(name, value(depth + 1));
        }
        reader.endObject();
        return object;
    }

    /** A buffer's bytes as a stream, without copying them to the heap first. */
    private static final class BufferStream extends InputStream {
        private final ByteBuffer buffer;

        BufferStream(ByteBuffer buffer) {
            this.buffer = buffer;
        }

        @Override
        public int read() {
            return buffer.hasRemaining() ? buffer.get() & 0xff : -1;
        }

        @Override
        public int read(byte[] bytes, int from, int length) {
            if (!buffer.hasRemaining()) {
                return -1;
            }
            int count = Math.min(length, buffer.remaining());
            buffer.get(bytes, from, count);
            return count;
        }
    }
}
