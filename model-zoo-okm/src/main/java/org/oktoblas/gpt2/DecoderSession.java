package org.oktoblas.gpt2;

import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.TokenStream;
import org.oktoblas.okm.Gpt2Config;

/** GPT-2 generating where the device has a decoder, which also chooses the tokens. */
final class DecoderSession extends ConfiguredSession {

    private final NDManager manager;
    private final Decoder.Session session;

    private final AtomicBoolean closed = new AtomicBoolean();

    /** How many prompts there are, or -1 before. */
    private int rows = -1;

    /** Starts a session, freed with the parent if it is not closed before. */
    DecoderSession(NDManager parent, Gpt2Config config, Decoder decoder) {
        super(config);
        manager = parent.newSubManager();
        try {
            session = decoder.newSession();
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
        try {
            manager.attachInternal("decoderSession", this);
            if (!manager.isOpen()) {
                // Another thread closed it, and may have missed what was just attached.
                throw new IllegalStateException("NDManager has been closed already.");
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    @Override
    public void prompt(List<long[]> prompts) {
        if (rows >= 0) {
            throw new IllegalStateException("This session has had its prompts");
        }
        Gpt2Inputs.checkPrompts(prompts, config);
        session.prompt(prompts);
        rows = prompts.size();
    }

    @Override
    public void next(long[] tokens) {
        if (tokens.length != rows) {
            throw new IllegalStateException("Expected one token for each prompt given before");
        }
        Gpt2Inputs.checkIds(tokens, config);
        session.append(tokens);
    }

    @Override
    public float[] logits(int row) {
        return session.logits(row);
    }

    @Override
    public long[] argMax() {
        long[] likeliest = session.argMax();
        for (long token : likeliest) {
            requireNumbers(token);
        }
        return likeliest;
    }

    private static void requireNumbers(long token) {
        if (token < 0) {
            throw new IllegalStateException(NOT_NUMBERS);
        }
    }

    @Override
    public TokenStream stream(List<long[]> prompts, GenerationConfig generation) {
        prompt(prompts);
        Decoder.Sampling sampling =
                new Decoder.Sampling(
                        generation.temperature(),
                        generation.topK(),
                        generation.topP(),
                        generation.repetitionPenalty(),
                        generation.minTokens(),
                        Math.toIntExact(config.eosTokenId()),
                        generation.seed(),
                        generation.maxTokens());
        return new Chosen(sampling, prompts.size());
    }

    /** Tokens that the device chooses. */
    private final class Chosen implements TokenStream {
        private final Decoder.Sampling sampling;
        private final boolean[] ended;

        Chosen(Decoder.Sampling sampling, int rows) {
            this.sampling = sampling;
            ended = new boolean[rows];
        }

        @Override
        public long[] next() {
            long[] tokens = session.choose(sampling);
            for (int row = 0; row < ended.length; row++) {
                if (!ended[row]) {
                    requireNumbers(tokens[row]);
                }
            }
            return tokens;
        }

        @Override
        public void end(int row) {
            if (!ended[row]) {
                ended[row] = true;
                session.end(row);
            }
        }
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            session.close();
            manager.close();
        }
    }
}
