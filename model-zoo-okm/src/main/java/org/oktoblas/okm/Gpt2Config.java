package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import org.oktoblas.engine.backend.Activation;

/**
 * What a GPT-2 is built from, out of Hugging Face's {@code config.json}. A key that is absent has
 * the value that Hugging Face gives it.
 *
 * @param numLayers {@code n_layer}
 * @param hiddenSize {@code n_embd}; a multiple of the heads
 * @param numHeads {@code n_head}
 * @param contextLength {@code n_positions}: the most tokens that one sequence can have
 * @param innerSize {@code n_inner}, width of the feed-forward layer; four hidden sizes if null
 * @param vocabSize {@code vocab_size}
 * @param activationFunction {@code activation_function}, one of {@link #ACTIVATIONS}
 * @param layerNormEpsilon {@code layer_norm_epsilon}
 * @param tieWordEmbeddings whether the head is the transposed token embedding
 * @param scaleAttnWeights whether scores are divided by the root of the head size
 * @param scaleAttnByInverseLayerIdx whether layer i, from 0, divides its scores by i + 1 as well
 * @param bosTokenId {@code bos_token_id}, or -1 where it is null or not in the vocabulary
 * @param eosTokenId {@code eos_token_id}, the end of text, or -1 where it is null or not in the
 *     vocabulary
 */
public record Gpt2Config(
        int numLayers,
        int hiddenSize,
        int numHeads,
        int contextLength,
        int innerSize,
        int vocabSize,
        String activationFunction,
        double layerNormEpsilon,
        boolean tieWordEmbeddings,
        boolean scaleAttnWeights,
        boolean scaleAttnByInverseLayerIdx,
        long bosTokenId,
        long eosTokenId) {

    /** The activation functions that are supported, by Hugging Face's names. */
    public static final Map<String, Activation> ACTIVATIONS =
            Map.of(
                    "gelu", Activation.GELU,
                    "gelu_new", Activation.GELU_TANH,
                    "gelu_pytorch_tanh", Activation.GELU_TANH,
                    "gelu_fast", Activation.GELU_TANH,
                    "relu", Activation.RELU,
                    "silu", Activation.SILU,
                    "swish", Activation.SILU,
                    "tanh", Activation.TANH,
                    "sigmoid", Activation.SIGMOID);

    private static final int TENSORS_PER_LAYER = 12;
    private static final int GPT2_END_OF_TEXT = 50256;

    /**
     * Reads and checks a configuration.
     *
     * @param where the file, for messages
     * @throws MalformedModelException if it is no GPT-2, or a key is missing, of the wrong type or
     *     out of range
     */
    public static Gpt2Config fromJson(JsonObject json, String where)
            throws MalformedModelException {
        Keys keys = new Keys(json, where);
        String modelType = keys.string("model_type", null);
        if (!modelType.equals("gpt2")) {
            throw keys.refuse(
                    "model_type " + Messages.quote(modelType) + " is not supported; only 'gpt2'");
        }
        int hidden = keys.positive("n_embd");
        int heads = keys.positive("n_head");
        if (hidden % heads != 0) {
            throw keys.refuse("n_embd " + hidden + " is not a multiple of n_head " + heads);
        }
        if (keys.bool("add_cross_attention", false)) {
            throw keys.refuse("add_cross_attention is true, which is not supported");
        }
        String activation = keys.string("activation_function", "gelu_new");
        if (!ACTIVATIONS.containsKey(activation)) {
            throw keys.refuse(
                    "activation_function "
                            + Messages.quote(activation)
                            + " is not supported; only "
                            + ACTIVATIONS.keySet().stream().sorted().toList());
        }
        if (hidden > Integer.MAX_VALUE / 4 && keys.isNull("n_inner")) {
            throw keys.refuse("n_embd " + hidden + " is too large");
        }
        int vocabulary = keys.positive("vocab_size");
        return new Gpt2Config(
                keys.positive("n_layer"),
                hidden,
                heads,
                keys.positive("n_positions"),
                keys.isNull("n_inner") ? 4 * hidden : keys.positive("n_inner"),
                vocabulary,
                activation,
                keys.epsilon("layer_norm_epsilon", 1e-5),
                keys.bool("tie_word_embeddings", true),
                keys.bool("scale_attn_weights", true),
                keys.bool("scale_attn_by_inverse_layer_idx", false),
                keys.token("bos_token_id", vocabulary),
                keys.token("eos_token_id", vocabulary));
    }

    /** Width of one head. */
    public int headSize() {
        return hiddenSize / numHeads;
    }

    /** The activation between the two feed-forward matrices. */
    public Activation activation() {
        return ACTIVATIONS.get(activationFunction);
    }

    /** How many tensors a model of this configuration has. */
    public long tensorCount() {
        return (long) TENSORS_PER_LAYER * numLayers + (tieWordEmbeddings ? 4 : 5);
    }

    /**
     * The tensors that a model of this configuration has, with their shapes, in the order in which
     * a forward pass meets them. Linear weights are (in, out), embeddings and an untied head (rows,
     * hidden).
     */
    public Map<String, Shape> tensorShapes() {
        long hidden = hiddenSize;
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put("transformer.wte.weight", new Shape(vocabSize, hidden));
        shapes.put("transformer.wpe.weight", new Shape(contextLength, hidden));
        for (int i = 0; i < numLayers; i++) {
            String layer = "transformer.h." + i + ".";
            putAffine(shapes, layer + "ln_1", new Shape(hidden));
            putAffine(shapes, layer + "attn.c_attn", new Shape(hidden, 3 * hidden));
            putAffine(shapes, layer + "attn.c_proj", new Shape(hidden, hidden));
            putAffine(shapes, layer + "ln_2", new Shape(hidden));
            putAffine(shapes, layer + "mlp.c_fc", new Shape(hidden, innerSize));
            putAffine(shapes, layer + "mlp.c_proj", new Shape(innerSize, hidden));
        }
        putAffine(shapes, "transformer.ln_f", new Shape(hidden));
        if (!tieWordEmbeddings) {
            shapes.put("lm_head.weight", new Shape(vocabSize, hidden));
        }
        return shapes;
    }

    private static void putAffine(Map<String, Shape> shapes, String name, Shape weight) {
        shapes.put(name + ".weight", weight);
        shapes.put(name + ".bias", new Shape(weight.get(weight.dimension() - 1)));
    }

    /** Keys of a JSON object, each checked as it is read. */
    private record Keys(JsonObject json, String where) {

        MalformedModelException refuse(String reason) {
            return new MalformedModelException(where + ": " + reason);
        }

        boolean isNull(String key) {
            return json.get(key) == null || json.get(key).isJsonNull();
        }

        private JsonElement primitive(String key) throws MalformedModelException {
            if (isNull(key)) {
                throw refuse("the key '" + key + "' is missing");
            }
            if (!json.get(key).isJsonPrimitive()) {
                throw refuse("the key '" + key + "' must be a single value");
            }
            return json.get(key);
        }

        String string(String key, String otherwise) throws MalformedModelException {
            if (otherwise != null && isNull(key)) {
                return otherwise;
            }
            JsonElement value = primitive(key);
            if (!value.getAsJsonPrimitive().isString()) {
                throw refuse("the key '" + key + "' must be a string");
            }
            return value.getAsString();
        }

        boolean bool(String key, boolean otherwise) throws MalformedModelException {
            if (isNull(key)) {
                return otherwise;
            }
            JsonElement value = primitive(key);
            if (!value.getAsJsonPrimitive().isBoolean()) {
                throw refuse("the key '" + key + "' must be true or false");
            }
            return value.getAsBoolean();
        }

        int positive(String key) throws MalformedModelException {
            long value = Json.integer(primitive(key), where, "the key '" + key + "'");
            if (value < 1 || value > Integer.MAX_VALUE) {
                throw refuse("the key '" + key + "' is " + value + ", out of range");
            }
            return (int) value;
        }

        double epsilon(String key, double otherwise) throws MalformedModelException {
            if (isNull(key)) {
                return otherwise;
            }
            JsonElement value = primitive(key);
            double number = Double.NaN;
            if (value.getAsJsonPrimitive().isNumber()) {
                number = Double.parseDouble(value.getAsString());
            }
            if (!(number > 0 && number < 1)) {
                throw refuse("the key '" + key + "' must be a number between 0 and 1");
            }
            return number;
        }

        /**
         * A token's id, or -1 for none. Hugging Face's own small checkpoints name tokens beyond
         * their vocabularies, mostly because 50256 is the value of an absent key: no text has
         * these, so that is no error.
         */
        long token(String key, int vocabulary) throws MalformedModelException {
            long id = -1;
            if (!json.has(key)) {
                id = GPT2_END_OF_TEXT;
            } else if (!isNull(key)) {
                id = Json.integer(primitive(key), where, "the key '" + key + "'");
            }
            return id >= 0 && id < vocabulary ? id : -1;
        }
    }
}
