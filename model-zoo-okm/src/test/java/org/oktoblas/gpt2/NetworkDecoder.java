package org.oktoblas.gpt2;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.generate.DecodingSession;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.TokenStream;
import org.oktoblas.okm.Gpt2Config;

/** A decoder that is the network on the operations, and writes down what is asked of it. */
final class NetworkDecoder implements Decoder {

    final List<String> calls = new ArrayList<>();
    Sampling sampling;

    /** The rows for which no token can be chosen. */
    int brokenRow = -1;

    private final NDManager manager;
    private final Gpt2Config config;
    private final Gpt2Network network;

    NetworkDecoder(NDManager manager, SmallModel model) {
        this.manager = manager;
        config = model.config();
        network = new Gpt2Network(config, Gpt2Ops.of(manager, model, Precision.FP32));
    }

    @Override
    public long byteSize() {
        return 0;
    }

    @Override
    public Session newSession() {
        calls.add("session");
        return new NetworkSession(new Gpt2Session(manager, config, network));
    }

    @Override
    public void close() {
        calls.add("close decoder");
    }

    private final class NetworkSession implements Session {
        private final DecodingSession session;
        private List<long[]> prompts;
        private TokenStream stream;
        private boolean prompted;

        NetworkSession(DecodingSession session) {
            this.session = session;
        }

        @Override
        public void prompt(List<long[]> given) {
            calls.add("prompt " + given.size());
            prompts = given;
        }

        private DecodingSession prompted() {
            if (stream != null) {
                throw new IllegalStateException("tokens are chosen");
            }
            if (!prompted) {
                prompted = true;
                session.prompt(prompts);
            }
            return session;
        }

        @Override
        public void append(long[] tokens) {
            prompted().next(tokens);
        }

        @Override
        public float[] logits(int row) {
            return prompted().logits(row);
        }

        @Override
        public long[] argMax() {
            return broken(prompted().argMax());
        }

        private long[] broken(long[] tokens) {
            if (brokenRow >= 0) {
                tokens[brokenRow] = -1;
            }
            return tokens;
        }

        @Override
        public long[] choose(Sampling wanted) {
            calls.add("choose");
            if (stream == null) {
                sampling = wanted;
                GenerationConfig generation =
                        new GenerationConfig(
                                wanted.maxTokens(),
                                wanted.minTokens(),
                                wanted.temperature(),
                                wanted.topK(),
                                wanted.topP(),
                                wanted.repetitionPenalty(),
                                wanted.seed(),
                                false);
                stream = session.stream(prompts, generation);
            }
            return broken(stream.next());
        }

        @Override
        public void end(int row) {
            calls.add("end " + row);
        }

        @Override
        public long byteSize() {
            return 0;
        }

        @Override
        public void close() {
            calls.add("close session");
            session.close();
        }
    }
}
