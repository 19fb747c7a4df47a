package org.oktoblas.engine;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.oktoblas.engine.backend.Decoder;

/** A decoder that its manager frees, if its user has not. */
final class OwnedDecoder implements Decoder {

    private static final AtomicInteger COUNTER = new AtomicInteger();

    private final String uid = "oktoDecoder" + COUNTER.incrementAndGet();
    private final OktoNDManager owner;
    private final Decoder decoder;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Attaches a decoder, which it closes if that fails. */
    OwnedDecoder(OktoNDManager owner, Decoder decoder) {
        this.owner = owner;
        this.decoder = decoder;
        owner.own(uid, this, OwnedDecoder::close);
    }

    @Override
    public long byteSize() {
        return decoder.byteSize();
    }

    @Override
    public Session newSession() {
        return decoder.newSession();
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            decoder.close();
            owner.detachInternal(uid);
        }
    }
}
