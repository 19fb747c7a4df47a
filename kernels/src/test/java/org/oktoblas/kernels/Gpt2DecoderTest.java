package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.MemoryStatistics;
import org.oktoblas.cuda.RequiresGpu;

/** A whole GPT-2 against a reference in double precision, and against itself. */
@RequiresGpu
class Gpt2DecoderTest {

    private static final TokenChoice.Settings GREEDY =
            new TokenChoice.Settings(0, 0, 1, 1, 0, -1, 0);

    private static final TokenChoice.Settings SAMPLED =
            new TokenChoice.Settings(0.8, 50, 0.95, 1.2, 3, 7, 42);

    /** Short and long prompts, and those beside where the ways part. */
    private static final int[] RAGGED = {1, 5, 3, 64, 65, 66, 130, 2, 40, 257, 600, 9};

    private CudaDevice device;
    private CudaStream stream;
    private KernelFamilies kernels;

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        stream = device.borrowStream();
        kernels = new KernelFamilies(device);
    }

    @AfterEach
    void giveBack() {
        stream.synchronize();
        device.giveBack(stream);
    }

    private Gpt2Decoder open(TinyGpt2 model) {
        return Gpt2Decoder.open(stream, kernels, model.network(), model).orElseThrow();
    }

    private static TinyGpt2 odd(ElementType type) {
        return new TinyGpt2(type, ElementType.F32, 5, 24, true);
    }

    /** Of the largest logit; 16-bit activations are rounded some ten times a layer. */
    private static double tolerance(ElementType type) {
        return switch (type) {
            case F32 -> 1e-5;
            case F16 -> 4e-3;
            default -> 3e-2;
        };
    }

    private static void close(String what, double[] wanted, float[] given, ElementType type) {
        double most = Arrays.stream(wanted).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < wanted.length; i++) {
            assertEquals(wanted[i], given[i], tolerance(type) * most, what + ", token " + i);
        }
    }

    private static long[] with(long[] tokens, long... more) {
        long[] all = Arrays.copyOf(tokens, tokens.length + more.length);
        System.arraycopy(more, 0, all, tokens.length, more.length);
        return all;
    }

    private void matchesReference(TinyGpt2 model) {
        ElementType type = model.network().type();
        List<long[]> prompts = TinyGpt2.prompts(RAGGED);
        try (Gpt2Decoder decoder = open(model);
                Gpt2Session session = decoder.newSession()) {
            session.prompt(prompts);
            for (int row = 0; row < RAGGED.length; row++) {
                double[] wanted = model.logits(prompts.get(row));
                close("prompt of " + RAGGED[row], wanted, session.logits(row), type);
            }
            long[] first = session.argMax();
            for (int row = 0; row < RAGGED.length; row++) {
                assertEquals(largest(session.logits(row)), first[row]);
            }
            session.append(first);
            long[] second = session.argMax();
            session.append(second);
            for (int row : new int[] {0, 3, 4, 9, 10}) {
                double[] wanted = model.logits(with(prompts.get(row), first[row], second[row]));
                close("continued prompt of " + RAGGED[row], wanted, session.logits(row), type);
            }
        }
    }

    private static int largest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void logitsOfOddSizes(ElementType type) {
        matchesReference(odd(type));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void logitsOfUsualHeads(ElementType type) {
        matchesReference(new TinyGpt2(type, type, 3, 64, false));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void headsThatAreFilledUp(ElementType type) {
        matchesReference(new TinyGpt2(type, ElementType.BF16, 4, 13, true));
    }

    private static int[] lengths(int count) {
        return IntStream.range(0, count).map(i -> i % 9 == 4 ? 300 + i : 1 + i * 7 % 90).toArray();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void bitsDoNotDependOnTheBatch(ElementType type) {
        TinyGpt2 model = odd(type);
        try (Gpt2Decoder decoder = open(model)) {
            List<long[]> prompts = TinyGpt2.prompts(lengths(40));
            for (int batch : new int[] {7, 32, 40}) {
                try (Gpt2Session many = decoder.newSession()) {
                    many.prompt(prompts.subList(0, batch));
                    float[][] before = logits(many, batch);
                    long[] next = many.argMax();
                    many.append(next);
                    float[][] after = logits(many, batch);
                    for (int row = 0; row < batch; row += 3) {
                        try (Gpt2Session alone = decoder.newSession()) {
                            alone.prompt(prompts.subList(row, row + 1));
                            assertArrayEquals(before[row], alone.logits(0), "row " + row);
                            alone.append(new long[] {next[row]});
                            assertArrayEquals(after[row], alone.logits(0), "row " + row);
                        }
                    }
                }
            }
        }
    }

    private static float[][] logits(Gpt2Session session, int rows) {
        return IntStream.range(0, rows).mapToObj(session::logits).toArray(float[][]::new);
    }

    /** Chooses tokens; sequence i ends after 5 + 3 i of them. */
    private static long[][] chosen(
            Gpt2Decoder decoder, List<long[]> prompts, TokenChoice.Settings settings, int count) {
        long[][] tokens = new long[prompts.size()][0];
        try (Gpt2Session session = decoder.newSession()) {
            session.prompt(prompts);
            for (int i = 0; i < count; i++) {
                long[] next = session.choose(settings, count);
                for (int row = 0; row < tokens.length; row++) {
                    if (i < 5 + 3 * row) {
                        tokens[row] = with(tokens[row], next[row]);
                    } else if (i == 5 + 3 * row) {
                        session.end(row);
                    }
                }
            }
        }
        return tokens;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void chosenAheadIsChosenStepByStep(ElementType type) {
        List<long[]> prompts = TinyGpt2.prompts(1, 63, 20, 127, 5, 64, 8);
        try (Gpt2Decoder decoder = open(odd(type))) {
            long[][] ahead = chosen(decoder, prompts, GREEDY, 25);
            try (Gpt2Session session = decoder.newSession()) {
                session.prompt(prompts);
                for (int i = 0; i < 25; i++) {
                    long[] next = session.argMax();
                    for (int row = 0; row < next.length; row++) {
                        if (i < ahead[row].length) {
                            assertEquals(ahead[row][i], next[row], "row " + row + ", token " + i);
                        } else if (i == ahead[row].length) {
                            session.end(row);
                        }
                    }
                    session.append(next);
                }
            }
        }
    }

    @Test
    void choicesRepeatAndDoNotDependOnTheBatch() {
        List<long[]> prompts = TinyGpt2.prompts(lengths(40));
        try (Gpt2Decoder decoder = open(odd(ElementType.F16))) {
            long[][] first = chosen(decoder, prompts, SAMPLED, 30);
            assertArrayEquals(first, chosen(decoder, prompts, SAMPLED, 30));
            for (int row = 0; row < 40; row += 5) {
                long[] alone = chosen(decoder, prompts.subList(row, row + 1), SAMPLED, 5)[0];
                assertArrayEquals(Arrays.copyOf(first[row], 5), alone);
            }
        }
    }

    @Test
    void endedSequencesGiveTheirCacheBack() {
        try (Gpt2Decoder decoder = open(odd(ElementType.F16));
                Gpt2Session session = decoder.newSession()) {
            assertEquals(0, session.byteSize());
            session.prompt(TinyGpt2.prompts(600, 20, 300));
            float[] last = session.logits(0);
            long before = session.byteSize();
            session.end(0);
            long page = decoder.shape().pageBytes();
            assertTrue(before - session.byteSize() >= 10 * page);
            session.end(0);
            session.append(new long[] {-1, 3, 4});
            session.logits(1);
            assertArrayEquals(last, session.logits(0), "an ended sequence keeps its logits");
            assertEquals(largest(last), session.argMax()[0]);
            session.end(1);
            session.end(2);
            session.append(new long[3]);
            assertEquals(3, session.choose(GREEDY, 5).length);
        }
    }

    @Test
    void contextsFillUp() {
        int context = TinyGpt2.CONTEXT;
        List<long[]> prompts = TinyGpt2.prompts(context - 10, 4, context);
        try (Gpt2Decoder decoder = open(odd(ElementType.F16))) {
            List<long[]> wanted = new ArrayList<>();
            try (Gpt2Session session = decoder.newSession()) {
                session.prompt(prompts);
                float[] full = session.logits(2);
                for (int i = 0; i < 14; i++) {
                    wanted.add(session.argMax());
                    session.append(wanted.get(i));
                    assertArrayEquals(full, session.logits(2));
                }
            }
            try (Gpt2Session session = decoder.newSession()) {
                session.prompt(prompts);
                for (int i = 0; i < 14; i++) {
                    long[] tokens = session.choose(GREEDY, 14);
                    assertEquals(wanted.get(i)[1], tokens[1]);
                    if (i < 10) {
                        assertEquals(wanted.get(i)[0], tokens[0]);
                    }
                }
                // More than was announced is slower, and no mistake.
                session.choose(GREEDY, 14);
            }
        }
    }

    @Test
    void memoryIsFlat() {
        List<long[]> prompts = TinyGpt2.prompts(100, 3, 50);
        try (Gpt2Decoder decoder = open(odd(ElementType.F32))) {
            MemoryStatistics before = device.memory();
            for (int i = 0; i < 200; i++) {
                try (Gpt2Session session = decoder.newSession()) {
                    session.prompt(prompts);
                    // Closed while the device is at work.
                    session.choose(GREEDY, 100);
                    if (i % 3 == 0) {
                        session.end(1);
                    }
                }
            }
            MemoryStatistics after = device.memory();
            assertEquals(before.blocks(), after.blocks());
            assertEquals(before.used(), after.used());
        }
    }

    @Test
    void weightsOutliveTheDecoderForItsSessions() {
        long blocks = device.memory().blocks();
        Gpt2Decoder decoder = open(odd(ElementType.F32));
        assertTrue(decoder.byteSize() > 0);
        Gpt2Session session = decoder.newSession();
        decoder.close();
        decoder.close();
        assertThrows(IllegalStateException.class, decoder::newSession);
        session.prompt(TinyGpt2.prompts(10));
        session.argMax();
        session.close();
        session.close();
        assertThrows(IllegalStateException.class, session::argMax);
        assertEquals(blocks, device.memory().blocks());
    }

    @Test
    void threadsShareADecoder() throws Exception {
        List<long[]> prompts = TinyGpt2.prompts(1, 63, 20, 127);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (Gpt2Decoder decoder = open(odd(ElementType.F16))) {
            long[][] wanted = chosen(decoder, prompts, SAMPLED, 20);
            List<Future<?>> results = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                results.add(
                        pool.submit(
                                () -> {
                                    for (int i = 0; i < 10; i++) {
                                        assertArrayEquals(
                                                wanted, chosen(decoder, prompts, SAMPLED, 20));
                                    }
                                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void callsInAWrongOrderAreTold() {
        try (Gpt2Decoder decoder = open(odd(ElementType.F16));
                Gpt2Session session = decoder.newSession()) {
            assertThrows(IllegalStateException.class, session::argMax);
            assertThrows(IllegalArgumentException.class, () -> session.prompt(List.of()));
            session.prompt(TinyGpt2.prompts(3));
            assertThrows(IllegalStateException.class, () -> session.prompt(TinyGpt2.prompts(3)));
            assertThrows(IllegalArgumentException.class, () -> session.append(new long[2]));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> session.append(new long[] {TinyGpt2.VOCABULARY}));
            session.choose(GREEDY, 10);
            assertThrows(IllegalStateException.class, session::argMax);
            assertThrows(IllegalStateException.class, () -> session.logits(0));
            assertThrows(IllegalStateException.class, () -> session.append(new long[1]));
        }
    }
}
