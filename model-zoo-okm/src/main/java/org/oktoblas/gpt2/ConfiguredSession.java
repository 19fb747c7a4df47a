package org.oktoblas.gpt2;

import org.oktoblas.generate.DecodingSession;
import org.oktoblas.okm.Gpt2Config;

/** What a session says of its model, wherever that runs. */
abstract class ConfiguredSession implements DecodingSession {

    final Gpt2Config config;

    ConfiguredSession(Gpt2Config config) {
        this.config = config;
    }

    @Override
    public int contextLength() {
        return config.contextLength();
    }

    @Override
    public int vocabularySize() {
        return config.vocabSize();
    }

    @Override
    public long beginOfText() {
        return config.bosTokenId();
    }

    @Override
    public long endOfText() {
        return config.eosTokenId();
    }
}
