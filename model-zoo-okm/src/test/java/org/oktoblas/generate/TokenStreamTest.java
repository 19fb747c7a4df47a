package org.oktoblas.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a generation asks a session's stream of tokens for, and when it ends rows. */
class TokenStreamTest {

    private static final int END = 99;
    private static final int CONTEXT = 8;

    /** Gives every row its own last token and one more, and writes down what is asked of it. */
    private static class Recorder implements DecodingSession {
        final List<String> calls = new ArrayList<>();
        private long[] last;
        private boolean[] ended;

        @Override
        public int contextLength() {
            return CONTEXT;
        }

        @Override
        public int vocabularySize() {
            return 100;
        }

        @Override
        public long beginOfText() {
            return 0;
        }

        @Override
        public long endOfText() {
            return END;
        }

        @Override
        public void prompt(List<long[]> prompts) {
            throw new AssertionError("the stream has the prompts");
        }

        @Override
        public void next(long[] tokens) {
            throw new AssertionError("the stream chooses");
        }

        @Override
        public float[] logits(int row) {
            throw new AssertionError("the stream chooses");
        }

        @Override
        public long[] argMax() {
            throw new AssertionError("the stream chooses");
        }

        @Override
        public TokenStream stream(List<long[]> prompts, GenerationConfig config) {
            calls.add("stream of " + prompts.size() + " for " + config.maxTokens());
            last = prompts.stream().mapToLong(prompt -> prompt[prompt.length - 1]).toArray();
            ended = new boolean[last.length];
            return new TokenStream() {
                @Override
                public long[] next() {
                    calls.add("next");
                    long[] tokens = new long[last.length];
                    for (int row = 0; row < last.length; row++) {
                        // Nobody may look at what a row has that has ended.
                        tokens[row] = ended[row] ? -7 : ++last[row];
                    }
                    return tokens;
                }

                @Override
                public void end(int row) {
                    calls.add("end " + row);
                    ended[row] = true;
                }
            };
        }

        @Override
        public void close() {
            calls.add("close");
        }
    }

    private static List<GenerationResult> run(
            Recorder session, GenerationListener listener, int maxTokens, long[]... prompts) {
        GenerationConfig config = GenerationConfig.builder().maxTokens(maxTokens).build();
        try (Generation generation = new Generation(session, List.of(prompts), config, null)) {
            return generation.finish(listener);
        }
    }

    @Test
    void everyReasonToStopEndsTheRowAtOnce() {
        Recorder session = new Recorder();
        List<GenerationResult> results =
                run(
                        session,
                        (row, token, text) -> {
                            session.calls.add("heard " + row + ":" + token);
                            return !(row == 2 && token == 52);
                        },
                        4,
                        new long[] {10},
                        new long[] {97},
                        new long[] {50},
                        new long[] {1, 2, 3, 4, 5, 20},
                        new long[CONTEXT]);
        assertEquals(
                List.of(
                        "stream of 5 for 4",
                        "end 4",
                        "next",
                        "heard 0:11",
                        "heard 1:98",
                        "heard 2:51",
                        "heard 3:21",
                        "next",
                        "heard 0:12",
                        "end 1",
                        "heard 2:52",
                        "end 2",
                        "heard 3:22",
                        "end 3",
                        "next",
                        "heard 0:13",
                        "next",
                        "heard 0:14",
                        "end 0",
                        "close"),
                session.calls);
        StopReason[] reasons = {
            StopReason.MAX_TOKENS,
            StopReason.END_OF_TEXT,
            StopReason.CANCELLED,
            StopReason.CONTEXT_FULL,
            StopReason.CONTEXT_FULL
        };
        for (int row = 0; row < reasons.length; row++) {
            assertEquals(reasons[row], results.get(row).stopReason(), "row " + row);
        }
        assertArrayEquals(new long[] {98}, results.get(1).tokenIds());
        assertArrayEquals(new long[] {51, 52}, results.get(2).tokenIds());
    }

    @Test
    void promptsThatFillTheContextStartNothing() {
        Recorder session = new Recorder();
        run(session, GenerationListener.NONE, 4, new long[CONTEXT], new long[CONTEXT]);
        assertEquals(List.of("close"), session.calls);
    }

    @Test
    void noMoreTokensAreAskedForThanConfigured() {
        for (int most = 1; most < CONTEXT; most++) {
            Recorder session = new Recorder();
            run(session, GenerationListener.NONE, most, new long[] {1}, new long[] {2});
            assertEquals(most, session.calls.stream().filter("next"::equals).count());
        }
    }

    @Test
    void anEndedGenerationAsksForNothing() {
        Recorder session = new Recorder();
        GenerationConfig config = GenerationConfig.builder().maxTokens(1).build();
        try (Generation generation =
                new Generation(session, List.of(new long[] {1}), config, null)) {
            assertEquals(false, generation.advance(GenerationListener.NONE));
            int calls = session.calls.size();
            assertEquals(false, generation.advance(GenerationListener.NONE));
            assertEquals(calls, session.calls.size());
            assertTrue(session.calls.contains("end 0"));
        }
    }
}
