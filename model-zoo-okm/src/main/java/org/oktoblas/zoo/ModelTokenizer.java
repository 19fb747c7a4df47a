package org.oktoblas.zoo;

import ai.djl.MalformedModelException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.oktoblas.gpt2.Gpt2Block;

/**
 * A model's tokenizer, which leaves a text as it is: nothing cut off, padded or added. Threads may
 * share it.
 *
 * <p>It is closed with its model. Its memory is not Java's, so it is freed only when no thread is
 * at work in it any more: a call that has begun ends with the right result.
 */
public final class ModelTokenizer {

    private static final Map<String, String> OPTIONS =
            Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false");

    private final HuggingFaceTokenizer tokenizer;
    private boolean closed;

    /** The model, until it is closed, and every call that has not ended. */
    private int users = 1;

    private ModelTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Makes the tokenizer of a model, if it came with one.
     *
     * @param manager with which it is closed
     * @throws MalformedModelException if what came with the model is no tokenizer
     */
    static Optional<ModelTokenizer> of(Gpt2Block block, NDManager manager)
            throws IOException, MalformedModelException {
        if (block.tokenizerJson().isEmpty()) {
            return Optional.empty();
        }
        // First, so that a library that does not load is not taken for a damaged model.
        LibUtils.checkStatus();
        byte[] json = block.tokenizerJson().get().getBytes(StandardCharsets.UTF_8);
        HuggingFaceTokenizer tokenizer;
        try {
            tokenizer = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS);
        } catch (RuntimeException e) {
            throw new MalformedModelException(
                    block.path().map(path -> path + ": ").orElse("")
                            + "tokenizer/tokenizer.json is no tokenizer that the tokenizers"
                            + " library reads: "
                            + e.getMessage(),
                    e);
        }
        ModelTokenizer shared = new ModelTokenizer(tokenizer);
        try {
            manager.attachInternal(tokenizer.getUid(), shared::close);
        } catch (RuntimeException e) {
            shared.close();
            throw e;
        }
        return Optional.of(shared);
    }

    /**
     * Text to token ids.
     *
     * @throws IllegalStateException if the model is closed
     */
    public long[] encode(String text) {
        return use(() -> tokenizer.encode(text, false, false).getIds());
    }

    /**
     * Token ids to text, without what special tokens are called.
     *
     * @throws IllegalStateException if the model is closed
     */
    public String decode(long[] ids) {
        return use(() -> ids.length == 0 ? "" : tokenizer.decode(ids, true));
    }

    private <T> T use(Supplier<T> call) {
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException(
                        "The model is closed, and its tokenizer with it; load the model again");
            }
            users++;
        }
        try {
            return call.get();
        } finally {
            release();
        }
    }

    private synchronized void release() {
        users--;
        if (users == 0) {
            tokenizer.close();
        }
    }

    private synchronized void close() {
        if (!closed) {
            closed = true;
            release();
        }
    }
}
