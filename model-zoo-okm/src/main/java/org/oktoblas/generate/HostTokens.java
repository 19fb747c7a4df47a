package org.oktoblas.generate;

import java.util.ArrayList;
import java.util.List;

/** Tokens that the host chooses from a session's logits. */
final class HostTokens implements TokenStream {

    private final DecodingSession session;
    private final List<Sampler> samplers = new ArrayList<>();

    /** Each row's newest token; one that has ended goes on being fed its last. */
    private final long[] last;

    private final boolean[] ended;
    private boolean started;

    HostTokens(DecodingSession session, List<long[]> prompts, GenerationConfig config) {
        this.session = session;
        last = new long[prompts.size()];
        ended = new boolean[prompts.size()];
        for (long[] prompt : prompts) {
            samplers.add(new Sampler(config, prompt, session.endOfText()));
        }
        session.prompt(prompts);
    }

    @Override
    public long[] next() {
        if (started) {
            session.next(last);
        }
        started = true;
        long[] likeliest = anyTakesArgMax() ? session.argMax() : null;
        for (int row = 0; row < last.length; row++) {
            if (!ended[row]) {
                Sampler sampler = samplers.get(row);
                last[row] =
                        sampler.takesArgMax()
                                ? likeliest[row]
                                : sampler.choose(session.logits(row));
                sampler.accept(last[row]);
            }
        }
        return last.clone();
    }

    private boolean anyTakesArgMax() {
        boolean any = false;
        for (int row = 0; row < last.length; row++) {
            any |= !ended[row] && samplers.get(row).takesArgMax();
        }
        return any;
    }

    @Override
    public void end(int row) {
        ended[row] = true;
    }
}
