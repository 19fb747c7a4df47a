package org.oktoblas.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** When and how generation ends, with a model that counts: after token n comes n + 1. */
class GenerationTest {

    private static final int END = 'z';
    private static final int CONTEXT = 12;

    private static class Counter implements DecodingSession {
        private long[] last;
        private boolean closed;
        private long begin = 0;

        @Override
        public int contextLength() {
            return CONTEXT;
        }

        @Override
        public int vocabularySize() {
            return 256;
        }

        @Override
        public long beginOfText() {
            return begin;
        }

        @Override
        public long endOfText() {
            return END;
        }

        @Override
        public void prompt(List<long[]> prompts) {
            last = prompts.stream().mapToLong(prompt -> prompt[prompt.length - 1]).toArray();
        }

        @Override
        public void next(long[] tokens) {
            last = tokens.clone();
        }

        @Override
        public float[] logits(int row) {
            float[] logits = new float[vocabularySize()];
            logits[(int) last[row] + 1] = 1;
            return logits;
        }

        @Override
        public long[] argMax() {
            long[] next = last.clone();
            for (int i = 0; i < next.length; i++) {
                next[i]++;
            }
            return next;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static List<GenerationResult> run(
            GenerationConfig.Builder config, GenerationListener listener, long[]... prompts) {
        Function<long[], String> letters =
                ids -> {
                    byte[] bytes = new byte[ids.length];
                    for (int i = 0; i < ids.length; i++) {
                        bytes[i] = (byte) ids[i];
                    }
                    return new String(bytes, StandardCharsets.UTF_8);
                };
        Counter session = new Counter();
        try (Generation generation =
                new Generation(session, List.of(prompts), config.build(), letters)) {
            return generation.finish(listener);
        } finally {
            assertTrue(session.closed);
        }
    }

    private static GenerationConfig.Builder tokens(int count) {
        return GenerationConfig.builder().maxTokens(count);
    }

    @Test
    void rowsEndEachForItsOwnReason() {
        List<String> heard = new ArrayList<>();
        List<GenerationResult> results =
                run(
                        tokens(5),
                        (row, token, text) -> {
                            heard.add(row + ":" + token + text);
                            return !(row == 3 && token == 'c');
                        },
                        new long[] {1, 2, 'a'},
                        new long[] {'w'},
                        new long[CONTEXT - 2],
                        new long[] {'a'},
                        new long[CONTEXT]);
        check(results.get(0), StopReason.MAX_TOKENS, 'b', 'c', 'd', 'e', 'f');
        check(results.get(1), StopReason.END_OF_TEXT, 'x', 'y');
        check(results.get(2), StopReason.CONTEXT_FULL, 1, 2);
        check(results.get(3), StopReason.CANCELLED, 'b', 'c');
        check(results.get(4), StopReason.CONTEXT_FULL);
        assertEquals("bcdef", results.get(0).text());
        assertEquals("xy", results.get(1).text());
        assertEquals(5 + 2 + 2 + 2, heard.size());
        assertTrue(heard.contains("0:98b"));
        assertTrue(results.get(0).ttftMillis() > 0);
        assertTrue(results.get(0).totalMillis() > results.get(0).ttftMillis());
        assertEquals(0, results.get(4).totalMillis());
    }

    private static void check(GenerationResult result, StopReason reason, long... tokens) {
        assertEquals(reason, result.stopReason());
        assertArrayEquals(tokens, result.tokenIds());
    }

    @Test
    void endOfTextIsATokenLikeAnyOtherWhereItDoesNotStop() {
        GenerationResult result =
                run(tokens(4).stopAtEndOfText(false), GenerationListener.NONE, new long[] {120})
                        .get(0);
        check(result, StopReason.MAX_TOKENS, 121, 122, 123, 124);
    }

    @Test
    void halfACharacterIsHeldBackAndComesAtTheEnd() {
        List<String> pieces = new ArrayList<>();
        // Bytes C3 C4 C5: none is a character; then the end of the context.
        GenerationResult result =
                run(
                                tokens(3),
                                (row, token, text) -> {
                                    pieces.add(token + "=" + text);
                                    return true;
                                },
                                new long[] {0xC2})
                        .get(0);
        assertEquals(List.of("195=", "196=", "197=", "-1=\uFFFD\uFFFD\uFFFD"), pieces);
        assertEquals("\uFFFD\uFFFD\uFFFD", result.text());
    }

    @Test
    void anEmptyPromptStartsFromTheBeginOfText() {
        GenerationResult result = run(tokens(2), GenerationListener.NONE, new long[0]).get(0);
        assertArrayEquals(new long[] {0}, result.promptIds());
        check(result, StopReason.MAX_TOKENS, 1, 2);
        Counter none = new Counter();
        none.begin = -1;
        String message = refusal(none, new long[0]);
        assertTrue(message.contains("is empty"), message);
    }

    @Test
    void aPromptLongerThanTheContextIsAnErrorWithBothNumbers() {
        String message = refusal(new Counter(), new long[13]);
        assertTrue(message.contains("13") && message.contains("12"), message);
        String second = refusal(new Counter(), new long[1], new long[13]);
        assertTrue(second.startsWith("Prompt 2"), second);
    }

    private static String refusal(Counter session, long[]... prompts) {
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () ->
                                        new Generation(
                                                session, List.of(prompts), tokens(1).build(), null))
                        .getMessage();
        assertTrue(session.closed);
        return message;
    }

    @Test
    void withoutTokenizerThereIsNoText() {
        try (Generation generation =
                new Generation(new Counter(), List.of(new long[] {1}), tokens(2).build(), null)) {
            GenerationResult result = generation.finish(GenerationListener.NONE).get(0);
            assertNull(result.text());
            assertNull(result.prompt());
            assertArrayEquals(new long[] {2, 3}, result.tokenIds());
        }
    }

    /** Drawing depends on the row alone, whoever else is in the batch. */
    @Test
    void aRowDrawsAsIfItWereAlone() {
        GenerationConfig.Builder config = tokens(8).temperature(0.9).seed(4);
        long[] alone = run(config, GenerationListener.NONE, new long[] {5}).get(0).tokenIds();
        List<GenerationResult> batch =
                run(
                        config,
                        GenerationListener.NONE,
                        new long[] {1, 2, 3},
                        new long[] {5},
                        new long[] {98});
        assertArrayEquals(alone, batch.get(1).tokenIds());
    }
}
