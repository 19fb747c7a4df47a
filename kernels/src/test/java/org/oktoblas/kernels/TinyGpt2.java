package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.oktoblas.cuda.Constant;
import org.oktoblas.cuda.ElementType;

/** A small random GPT-2, and its logits in double precision. */
final class TinyGpt2 implements Gpt2Decoder.Source {

    static final int VOCABULARY = 1003;
    static final int CONTEXT = 700;
    static final int INNER = 300;

    private final Gpt2Shape shape;
    private final ElementType stored;

    /** The numbers as they are given. */
    private final Map<String, float[]> given = new HashMap<>();

    /** The numbers as they are packed. */
    private final Map<String, float[]> tensors = new HashMap<>();

    private final Map<String, long[]> shapes = new HashMap<>();
    private final Random random = new Random(3);

    /**
     * Makes a network.
     *
     * @param type of the packed weights, to which the numbers are rounded
     * @param stored the type that matrices are given in
     */
    TinyGpt2(ElementType type, ElementType stored, int heads, int width, boolean tiedHead) {
        this.stored = stored;
        int hidden = heads * width;
        int layers = 2;
        List<Double> scales = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            scales.add(1 / Math.sqrt(width) / (layer + 1));
        }
        shape =
                new Gpt2Shape(
                        type,
                        layers,
                        hidden,
                        heads,
                        INNER,
                        VOCABULARY,
                        CONTEXT,
                        "geluTanh",
                        1e-5f,
                        scales,
                        tiedHead);
        matrix("transformer.wte.weight", VOCABULARY, hidden);
        matrix("transformer.wpe.weight", CONTEXT, hidden);
        if (!tiedHead) {
            matrix("lm_head.weight", VOCABULARY, hidden);
        }
        norm("transformer.ln_f", hidden);
        for (int layer = 0; layer < layers; layer++) {
            String name = "transformer.h." + layer + ".";
            norm(name + "ln_1", hidden);
            linear(name + "attn.c_attn", hidden, 3 * hidden);
            linear(name + "attn.c_proj", hidden, hidden);
            norm(name + "ln_2", hidden);
            linear(name + "mlp.c_fc", hidden, INNER);
            linear(name + "mlp.c_proj", INNER, hidden);
        }
    }

    Gpt2Shape network() {
        return shape;
    }

    private void linear(String name, int in, int out) {
        matrix(name + ".weight", in, out);
        vector(name + ".bias", 0, out);
    }

    private void norm(String name, int length) {
        vector(name + ".weight", 1, length);
        vector(name + ".bias", 0, length);
    }

    private void matrix(String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        float[] packed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = rounded(stored, (float) (random.nextGaussian() * 0.05));
            packed[i] = rounded(shape.type(), values[i]);
        }
        given.put(name, values);
        tensors.put(name, packed);
        shapes.put(name, new long[] {rows, columns});
    }

    private void vector(String name, double mean, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (mean + 0.1 * random.nextGaussian());
        }
        given.put(name, values);
        tensors.put(name, values);
        shapes.put(name, new long[] {length});
    }

    private static float rounded(ElementType type, float value) {
        return type == ElementType.F32 ? value : ElementBits.value(type, (int) bits(type, value));
    }

    private static long bits(ElementType type, float value) {
        return ElementBits.of(type, new Constant(value, 0));
    }

    @Override
    public ElementType type(String name) {
        return shapes.get(name).length == 1 ? ElementType.F32 : stored;
    }

    @Override
    public long[] shape(String name) {
        return shapes.get(name);
    }

    @Override
    public ByteBuffer data(String name) {
        float[] values = given.get(name);
        ElementType type = type(name);
        ByteBuffer buffer =
                ByteBuffer.allocate(values.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            if (type == ElementType.F32) {
                buffer.putFloat(value);
            } else {
                buffer.putShort((short) bits(type, value));
            }
        }
        return buffer.flip();
    }

    // ---- the reference

    /** Returns the logits after the last of some tokens. */
    double[] logits(long[] tokens) {
        int hidden = shape.hidden();
        double[][] x = new double[tokens.length][hidden];
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < hidden; i++) {
                x[t][i] =
                        (double) tensors.get("transformer.wte.weight")[(int) tokens[t] * hidden + i]
                                + tensors.get("transformer.wpe.weight")[t * hidden + i];
            }
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            String name = "transformer.h." + layer + ".";
            double[][] qkv = times(normalized(x, name + "ln_1"), name + "attn.c_attn");
            double[][] heads = attended(qkv, shape.attentionScales().get(layer));
            add(x, times(heads, name + "attn.c_proj"));
            double[][] inner = times(normalized(x, name + "ln_2"), name + "mlp.c_fc");
            for (double[] row : inner) {
                Arrays.setAll(row, i -> gelu(row[i]));
            }
            add(x, times(inner, name + "mlp.c_proj"));
        }
        double[][] last = {x[tokens.length - 1]};
        double[] row = normalized(last, "transformer.ln_f")[0];
        float[] head = tensors.get(shape.tiedHead() ? "transformer.wte.weight" : "lm_head.weight");
        double[] logits = new double[VOCABULARY];
        for (int token = 0; token < VOCABULARY; token++) {
            for (int i = 0; i < hidden; i++) {
                logits[token] += row[i] * head[token * hidden + i];
            }
        }
        return logits;
    }

    private static double gelu(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private static void add(double[][] to, double[][] from) {
        for (int t = 0; t < to.length; t++) {
            for (int i = 0; i < to[t].length; i++) {
                to[t][i] += from[t][i];
            }
        }
    }

    private double[][] normalized(double[][] x, String name) {
        float[] gain = tensors.get(name + ".weight");
        float[] shift = tensors.get(name + ".bias");
        double[][] out = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double[] row = x[t];
            double mean = Arrays.stream(row).average().orElseThrow();
            double variance =
                    Arrays.stream(row).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
            double factor = 1 / Math.sqrt(variance + 1e-5);
            out[t] = new double[row.length];
            Arrays.setAll(out[t], i -> (row[i] - mean) * factor * gain[i] + shift[i]);
        }
        return out;
    }

    private double[][] times(double[][] x, String name) {
        float[] weight = tensors.get(name + ".weight");
        float[] bias = tensors.get(name + ".bias");
        double[][] out = new double[x.length][bias.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < bias.length; o++) {
                out[t][o] = bias[o];
            }
            for (int i = 0; i < x[t].length; i++) {
                for (int o = 0; o < bias.length; o++) {
                    out[t][o] += x[t][i] * weight[i * bias.length + o];
                }
            }
        }
        return out;
    }

    private double[][] attended(double[][] qkv, double scale) {
        int width = shape.headWidth();
        int hidden = shape.hidden();
        double[][] out = new double[qkv.length][hidden];
        for (int head = 0; head < shape.heads(); head++) {
            int at = head * width;
            for (int t = 0; t < qkv.length; t++) {
                double[] weights = new double[t + 1];
                double most = Double.NEGATIVE_INFINITY;
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < width; i++) {
                        weights[s] += qkv[t][at + i] * qkv[s][hidden + at + i];
                    }
                    weights[s] *= scale;
                    most = Math.max(most, weights[s]);
                }
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    weights[s] = Math.exp(weights[s] - most);
                    sum += weights[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < width; i++) {
                        out[t][at + i] += weights[s] / sum * qkv[s][2 * hidden + at + i];
                    }
                }
            }
        }
        return out;
    }

    /** Returns random prompts of some lengths. */
    static List<long[]> prompts(int... lengths) {
        Random random = new Random(17);
        List<long[]> prompts = new ArrayList<>();
        for (int length : lengths) {
            prompts.add(random.longs(length, 0, VOCABULARY).toArray());
        }
        return Collections.unmodifiableList(prompts);
    }
}
