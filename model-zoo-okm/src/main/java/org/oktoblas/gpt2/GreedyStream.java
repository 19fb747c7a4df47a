package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.oktoblas.generate.DecodingSession;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.TokenStream;

/** Token ids continued greedily, a step each time it is asked. It starts when first asked. */
final class GreedyStream implements Iterator<NDList> {

    private final Gpt2Block block;
    private final NDList inputs;
    private DecodingSession session;
    private NDManager manager;
    private TokenStream tokens;
    private long length;

    GreedyStream(Gpt2Block block, NDList inputs) {
        this.block = block;
        this.inputs = inputs;
    }

    @Override
    public boolean hasNext() {
        if (session == null) {
            start();
        }
        return length < session.contextLength();
    }

    private void start() {
        if (inputs.size() != 1 || inputs.head().getShape().dimension() != 2) {
            throw new IllegalArgumentException(
                    "A stream continues token ids (batch, time) alone, but got "
                            + inputs.size()
                            + " arrays");
        }
        NDArray ids = inputs.head();
        manager = ids.getManager();
        int time = Math.toIntExact(ids.getShape().get(1));
        length = time;
        long[] all = ids.toLongArray();
        List<long[]> prompts = new ArrayList<>();
        for (int start = 0; start < all.length; start += time) {
            prompts.add(Arrays.copyOfRange(all, start, start + time));
        }
        session = block.newSession(manager);
        // No end of text, but the context's.
        GenerationConfig greedy =
                GenerationConfig.builder()
                        .maxTokens(Math.max(1, session.contextLength() - time))
                        .stopAtEndOfText(false)
                        .build();
        tokens = session.stream(prompts, greedy);
    }

    @Override
    public NDList next() {
        if (!hasNext()) {
            throw new NoSuchElementException("The context is full");
        }
        long[] next = tokens.next();
        length++;
        if (length == session.contextLength()) {
            session.close();
        }
        return new NDList(manager.create(next, new Shape(next.length, 1)));
    }
}
