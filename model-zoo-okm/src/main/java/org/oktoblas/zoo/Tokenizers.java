package org.oktoblas.zoo;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.oktoblas.gpt2.Gpt2Block;

/** Makes tokenizers that leave a text as it is: nothing cut off, padded or added. */
final class Tokenizers {

    private static final Map<String, String> OPTIONS =
            Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false");

    private Tokenizers() {}

    /**
     * Makes the tokenizer of a model, if it came with one. Threads may share it.
     *
     * @param manager with which it is freed
     */
    static Optional<HuggingFaceTokenizer> of(Gpt2Block block, NDManager manager)
            throws IOException {
        if (block.tokenizerJson().isEmpty()) {
            return Optional.empty();
        }
        byte[] json = block.tokenizerJson().get().getBytes(StandardCharsets.UTF_8);
        HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS);
        manager.attachInternal(tokenizer.getUid(), tokenizer);
        return Optional.of(tokenizer);
    }

    /** Text to token ids. */
    static long[] encode(HuggingFaceTokenizer tokenizer, String text) {
        return tokenizer.encode(text, false, false).getIds();
    }

    /** Token ids to text, without what special tokens are called. */
    static String decode(HuggingFaceTokenizer tokenizer, long[] ids) {
        return ids.length == 0 ? "" : tokenizer.decode(ids, true);
    }
}
