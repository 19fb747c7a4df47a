package org.oktoblas.zoo;

import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.oktoblas.gpt2.SmallModel;
import org.oktoblas.okm.OkmType;
import org.oktoblas.okm.OkmWriter;
import org.oktoblas.okm.Progress;
import org.oktoblas.okm.Samples;

/** Small random models as {@code .okm}s, whose tokens are single bytes. */
final class ZooModels {

    /** The end-of-text token, after the 256 bytes. */
    static final int END = 256;

    private ZooModels() {}

    static SmallModel model(int context) {
        JsonObject json = SmallModel.json();
        json.addProperty("vocab_size", 257);
        json.addProperty("n_positions", context);
        json.addProperty("bos_token_id", END);
        json.addProperty("eos_token_id", END);
        return new SmallModel(json, DataType.FLOAT32, 99);
    }

    /** Writes a model, with its tokenizer or without. */
    static Path write(Path target, OkmWriter.Form form, SmallModel model, boolean tokenizer)
            throws Exception {
        return write(target, form, model, tokenizer ? tokenizerJson() : null);
    }

    /** Writes a model with a tokenizer's JSON, which may be wrong. */
    static Path write(Path target, OkmWriter.Form form, SmallModel model, String tokenizer)
            throws Exception {
        Map<String, OkmWriter.TensorSource> tensors = new LinkedHashMap<>();
        for (String name : model.config().tensorShapes().keySet()) {
            byte[] bytes = new byte[model.data(name).remaining()];
            model.data(name).get(bytes);
            tensors.put(name, Samples.source(OkmType.F32, bytes));
        }
        OkmWriter.write(
                target,
                form,
                new OkmWriter.Content(model.configJson(), tensors, tokenizer, null),
                Progress.NONE);
        return target;
    }

    /** A byte-level tokenizer without merges. */
    private static String tokenizerJson() {
        JsonObject vocabulary = new JsonObject();
        int shifted = 0;
        for (int value = 0; value < 256; value++) {
            // GPT-2 shows a byte that is no printable character as one from U+0100 on.
            boolean printable =
                    value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
            int shown = printable ? value : 256 + shifted++;
            vocabulary.addProperty(Character.toString(shown), value);
        }
        vocabulary.addProperty("<|end|>", END);
        JsonObject tokenizer =
                JsonParser.parseString(
                                """
                                {"version": "1.0", "truncation": null, "padding": null,
                                 "added_tokens": [{"id": 256, "content": "<|end|>",
                                   "single_word": false, "lstrip": false, "rstrip": false,
                                   "normalized": false, "special": true}],
                                 "normalizer": null,
                                 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
                                   "trim_offsets": true, "use_regex": true},
                                 "post_processor": null,
                                 "decoder": {"type": "ByteLevel", "add_prefix_space": true,
                                   "trim_offsets": true, "use_regex": true},
                                 "model": {"type": "BPE", "dropout": null, "unk_token": null,
                                   "continuing_subword_prefix": null, "end_of_word_suffix": null,
                                   "fuse_unk": false, "byte_fallback": false}}
                                """)
                        .getAsJsonObject();
        tokenizer.getAsJsonObject("model").add("vocab", vocabulary);
        tokenizer.getAsJsonObject("model").add("merges", new JsonArray());
        return tokenizer.toString();
    }
}
