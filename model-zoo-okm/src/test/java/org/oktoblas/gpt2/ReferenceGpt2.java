package org.oktoblas.gpt2;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.oktoblas.okm.Gpt2Config;

/**
 * GPT-2 in plain Java and double precision, written from the paper's equations and sharing nothing
 * with the product: one sequence, no cache, no batch.
 */
public final class ReferenceGpt2 {

    private final SmallModel model;
    private final Gpt2Config config;

    public ReferenceGpt2(SmallModel model) {
        this.model = model;
        config = model.config();
    }

    /** Returns the last norm's output for every position. */
    public double[][] hidden(long[] ids) {
        double[][] x = new double[ids.length][config.hiddenSize()];
        for (int t = 0; t < ids.length; t++) {
            for (int c = 0; c < config.hiddenSize(); c++) {
                x[t][c] =
                        at("transformer.wte.weight", (int) ids[t], c)
                                + at("transformer.wpe.weight", t, c);
            }
        }
        for (int layer = 0; layer < config.numLayers(); layer++) {
            String name = "transformer.h." + layer + ".";
            double[][] qkv = linear(norm(x, name + "ln_1"), name + "attn.c_attn");
            add(x, linear(attention(qkv, layer), name + "attn.c_proj"));
            double[][] inner = linear(norm(x, name + "ln_2"), name + "mlp.c_fc");
            DoubleUnaryOperator activation = activation(config.activationFunction());
            for (double[] row : inner) {
                for (int c = 0; c < row.length; c++) {
                    row[c] = activation.applyAsDouble(row[c]);
                }
            }
            add(x, linear(inner, name + "mlp.c_proj"));
        }
        return norm(x, "transformer.ln_f");
    }

    /** Returns the logits of every position's next token. */
    public double[][] logits(long[] ids) {
        double[][] hidden = hidden(ids);
        String head = config.tieWordEmbeddings() ? "transformer.wte.weight" : "lm_head.weight";
        double[][] logits = new double[ids.length][config.vocabSize()];
        for (int t = 0; t < ids.length; t++) {
            for (int word = 0; word < config.vocabSize(); word++) {
                for (int c = 0; c < config.hiddenSize(); c++) {
                    logits[t][word] += hidden[t][c] * at(head, word, c);
                }
            }
        }
        return logits;
    }

    /** Returns the summed negative log-likelihood of the tokens from an index on. */
    public double negativeLogLikelihood(long[] ids, int from) {
        double[][] logits = logits(ids);
        double sum = 0;
        for (int t = from; t < ids.length; t++) {
            double total = 0;
            for (double logit : logits[t - 1]) {
                total += Math.exp(logit);
            }
            sum += Math.log(total) - logits[t - 1][(int) ids[t]];
        }
        return sum;
    }

    /** Continues a sequence with the likeliest tokens. */
    public long[] greedy(long[] prompt, int count) {
        long[] ids = prompt.clone();
        for (int i = 0; i < count; i++) {
            double[] logits = logits(ids)[ids.length - 1];
            int best = 0;
            for (int word = 1; word < logits.length; word++) {
                best = logits[word] > logits[best] ? word : best;
            }
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = best;
        }
        return Arrays.copyOfRange(ids, prompt.length, ids.length);
    }

    private double[][] attention(double[][] qkv, int layer) {
        int width = config.hiddenSize();
        int headSize = width / config.numHeads();
        double scale = config.scaleAttnWeights() ? 1 / Math.sqrt(headSize) : 1;
        if (config.scaleAttnByInverseLayerIdx()) {
            scale /= layer + 1;
        }
        double[][] out = new double[qkv.length][width];
        for (int head = 0; head < config.numHeads(); head++) {
            int first = head * headSize;
            for (int t = 0; t < qkv.length; t++) {
                double[] weights = new double[t + 1];
                double total = 0;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int c = first; c < first + headSize; c++) {
                        score += qkv[t][c] * qkv[s][width + c];
                    }
                    weights[s] = Math.exp(score * scale);
                    total += weights[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int c = first; c < first + headSize; c++) {
                        out[t][c] += weights[s] / total * qkv[s][2 * width + c];
                    }
                }
            }
        }
        return out;
    }

    private double[][] norm(double[][] x, String name) {
        float[] gain = model.values(name + ".weight");
        float[] shift = model.values(name + ".bias");
        double[][] out = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            int width = x[t].length;
            double mean = Arrays.stream(x[t]).sum() / width;
            double variance = 0;
            for (double value : x[t]) {
                variance += (value - mean) * (value - mean) / width;
            }
            out[t] = new double[width];
            for (int c = 0; c < width; c++) {
                double unit = (x[t][c] - mean) / Math.sqrt(variance + config.layerNormEpsilon());
                out[t][c] = unit * gain[c] + shift[c];
            }
        }
        return out;
    }

    private double[][] linear(double[][] x, String name) {
        float[] bias = model.values(name + ".bias");
        float[] weight = model.values(name + ".weight");
        double[][] out = new double[x.length][bias.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < bias.length; o++) {
                out[t][o] = bias[o];
                for (int i = 0; i < x[t].length; i++) {
                    out[t][o] += x[t][i] * weight[i * bias.length + o];
                }
            }
        }
        return out;
    }

    private static void add(double[][] x, double[][] y) {
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < x[t].length; c++) {
                x[t][c] += y[t][c];
            }
        }
    }

    private double at(String table, int row, int column) {
        return model.values(table)[row * config.hiddenSize() + column];
    }

    private static DoubleUnaryOperator activation(String name) {
        return switch (name) {
            case "relu" -> x -> Math.max(0, x);
            case "silu", "swish" -> x -> x / (1 + Math.exp(-x));
            case "tanh" -> Math::tanh;
            case "sigmoid" -> x -> 1 / (1 + Math.exp(-x));
            case "gelu" -> x -> x * normalDistribution(x);
            default ->
                    x ->
                            x
                                    / 2
                                    * (1
                                            + Math.tanh(
                                                    Math.sqrt(2 / Math.PI)
                                                            * (x + 0.044715 * x * x * x)));
        };
    }

    /** The normal distribution function, by Simpson's rule over its density. */
    private static double normalDistribution(double x) {
        int steps = 2000;
        double width = x / steps;
        double sum = 1 + Math.exp(-x * x / 2);
        for (int i = 1; i < steps; i++) {
            double at = i * width;
            sum += (i % 2 == 1 ? 4 : 2) * Math.exp(-at * at / 2);
        }
        return 0.5 + sum * width / 3 / Math.sqrt(2 * Math.PI);
    }
}
