package org.oktoblas.gpt2;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.oktoblas.okm.Gpt2Config;

/**
 * A random model small enough to compute by hand. Its weights are multiples of 1/64 below 2, which
 * every type holds exactly.
 */
public final class SmallModel implements TensorSource {

    private final JsonObject json;
    private final Gpt2Config config;
    private final DataType type;
    private final Map<String, float[]> values = new LinkedHashMap<>();

    /** Makes a model of a configuration, with weights stored in that type. */
    public SmallModel(JsonObject json, DataType type, long seed) {
        this.json = json;
        this.type = type;
        try {
            config = Gpt2Config.fromJson(json, "config.json");
        } catch (MalformedModelException e) {
            throw new IllegalArgumentException(e);
        }
        Random random = new Random(seed);
        config.tensorShapes()
                .forEach(
                        (name, shape) -> {
                            float[] array = new float[(int) shape.size()];
                            boolean gain = name.contains("ln_") && name.endsWith(".weight");
                            for (int i = 0; i < array.length; i++) {
                                double value = random.nextGaussian() * 0.25 + (gain ? 1 : 0);
                                array[i] =
                                        Math.max(-127, Math.min(127, Math.round(value * 64))) / 64f;
                            }
                            values.put(name, array);
                        });
    }

    /** A configuration: two layers, width 12, three heads, 20 tokens of context, 31 words. */
    public static JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("model_type", "gpt2");
        json.addProperty("n_layer", 2);
        json.addProperty("n_embd", 12);
        json.addProperty("n_head", 3);
        json.addProperty("n_positions", 20);
        json.addProperty("vocab_size", 31);
        json.addProperty("bos_token_id", 30);
        json.addProperty("eos_token_id", 30);
        return json;
    }

    /** The plain small model in float32. */
    public static SmallModel plain(long seed) {
        return new SmallModel(json(), DataType.FLOAT32, seed);
    }

    public Gpt2Config config() {
        return config;
    }

    public JsonObject configJson() {
        return json;
    }

    /** A tensor's values. */
    public float[] values(String name) {
        return values.get(name);
    }

    @Override
    public DataType dataType(String name) {
        return type;
    }

    @Override
    public Shape shape(String name) {
        return config.tensorShapes().get(name);
    }

    @Override
    public ByteBuffer data(String name) {
        float[] array = values.get(name);
        ByteBuffer buffer =
                ByteBuffer.allocateDirect(array.length * type.getNumOfBytes())
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : array) {
            switch (type) {
                case FLOAT16 -> buffer.putShort(float16(value));
                case BFLOAT16 -> buffer.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                default -> buffer.putFloat(value);
            }
        }
        return buffer.flip();
    }

    /** The bits of a value that float16 holds exactly, and that is zero or not tiny. */
    private static short float16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int magnitude = value == 0 ? 0 : ((bits & 0x7fffffff) >>> 13) - (112 << 10);
        return (short) (bits >>> 16 & 0x8000 | magnitude);
    }
}
