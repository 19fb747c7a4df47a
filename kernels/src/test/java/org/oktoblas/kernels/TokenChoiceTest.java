package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.RequiresGpu;
import org.oktoblas.cuda.Workspace;

/** The kernel's choices against the reference's, token by token. */
@RequiresGpu
class TokenChoiceTest {

    private static final int SLOTS = 70;
    private static final int HISTORY = 48;
    private static final int MOST_CANDIDATES = 40;

    private final Random random = new Random(1);
    private CudaDevice device;
    private CudaStream stream;
    private TokenChoice choice;

    private final int[] history = new int[SLOTS * HISTORY];
    private final int[] positions = new int[SLOTS];
    private final int[] promptLengths = new int[SLOTS];

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        stream = device.borrowStream();
        choice = new TokenChoice(device);
    }

    @AfterEach
    void giveBack() {
        stream.synchronize();
        device.giveBack(stream);
    }

    private static TokenChoice.Settings settings(double temperature, int topK, double topP) {
        return new TokenChoice.Settings(temperature, topK, topP, 1, 0, -1, 11);
    }

    private static ByteBuffer bytes(int[] values) {
        ByteBuffer buffer = buffer(4 * values.length);
        buffer.asIntBuffer().put(values);
        return buffer;
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    private int[] download(long from, int count) {
        ByteBuffer buffer = buffer(4 * count);
        stream.download(from, buffer);
        int[] values = new int[count];
        buffer.asIntBuffer().get(values);
        return values;
    }

    /** Gives every slot a random history of tokens of a vocabulary. */
    private void fillHistory(int vocabulary) {
        for (int slot = 0; slot < SLOTS; slot++) {
            // The last position's next token has no place in the history.
            positions[slot] = random.nextInt(HISTORY);
            promptLengths[slot] = 1 + random.nextInt(positions[slot] + 1);
            for (int i = 0; i < HISTORY; i++) {
                history[slot * HISTORY + i] = random.nextInt(vocabulary);
            }
        }
    }

    private int[] slots(int columns) {
        int[] all = IntStream.range(0, SLOTS).toArray();
        for (int i = SLOTS - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int slot = all[i];
            all[i] = all[j];
            all[j] = slot;
        }
        return Arrays.copyOf(all, columns);
    }

    private static DeviceTensor rows(long address, int columns, int vocabulary, int pitch) {
        long[] shape = {columns, vocabulary};
        return new DeviceTensor(address, ElementType.F32, shape, new long[] {pitch, 1});
    }

    private void upload(DeviceTensor to, float[][] rows) {
        int pitch = (int) to.strides()[0];
        ByteBuffer buffer = buffer(4 * pitch * rows.length);
        // What lies between rows must not matter.
        Arrays.fill(buffer.array(), (byte) -1);
        for (int i = 0; i < rows.length; i++) {
            buffer.position(4 * pitch * i);
            buffer.slice().order(ByteOrder.nativeOrder()).asFloatBuffer().put(rows[i]);
        }
        stream.upload(buffer.clear(), to.address());
    }

    /** Uploads the largest of each of some interleaved parts of every row. */
    private DeviceTensor candidates(long address, float[][] rows, int count) {
        int columns = rows.length;
        ByteBuffer buffer = buffer(8 * count * columns);
        for (int c = 0; c < columns; c++) {
            for (int id = 0; id < rows[c].length; id++) {
                int at = 8 * (id % count * columns + c);
                long packed = (long) ReferenceChoice.ordered(rows[c][id]) << 32 | ~id & 0xffffffffL;
                if (Long.compareUnsigned(packed, buffer.getLong(at)) > 0) {
                    buffer.putLong(at, packed);
                }
            }
        }
        stream.upload(buffer, address);
        return DeviceTensor.dense(address, ElementType.I64, count, columns);
    }

    private int[] check(TokenChoice.Settings settings, float[]... rows) {
        int padded = (rows[0].length + 3) / 4 * 4;
        check(settings, rows, rows[0].length + 1, 1);
        return check(settings, rows, padded + 4 * random.nextInt(3), 0);
    }

    /** Chooses a token for each row, and compares all that is written with the reference. */
    private int[] check(TokenChoice.Settings settings, float[][] rows, int pitch, int phase) {
        int columns = rows.length;
        int vocabulary = rows[0].length;
        fillHistory(vocabulary);
        int[] slots = slots(columns);
        int step = random.nextInt();
        int[] tokens = new int[columns];
        int count = 1 + random.nextInt(Math.min(MOST_CANDIDATES, vocabulary));
        // The tokens, too, are in device memory here, which the kernel need not know.
        try (Workspace logits = stream.workspace(4L * pitch * columns + 16);
                Workspace best = stream.workspace(8L * count * columns);
                Workspace state = stream.workspace(4L * SLOTS * (HISTORY + 4))) {
            DeviceTensor in = rows(logits.address() + 4L * phase, columns, vocabulary, pitch);
            upload(in, rows);
            DeviceTensor ready =
                    random.nextBoolean() ? candidates(best.address(), rows, count) : null;
            TokenChoice.Sequences sequences = sequences(state);
            choice.choose(stream, in, ready, slots, sequences, step, settings);

            int[] written = download(sequences.tokens(), 2 * SLOTS);
            int[] expectedTokens = new int[2 * SLOTS];
            int[] expectedHistory = history.clone();
            int[] expectedPositions = positions.clone();
            for (int c = 0; c < columns; c++) {
                int slot = slots[c];
                int next = positions[slot] + 1;
                int[] own = Arrays.copyOfRange(history, slot * HISTORY, slot * HISTORY + next);
                tokens[c] =
                        ReferenceChoice.choose(rows[c], own, next - promptLengths[slot], settings);
                expectedTokens[2 * slot] = tokens[c];
                expectedTokens[2 * slot + 1] = step;
                expectedPositions[slot] = next;
                if (next < HISTORY) {
                    expectedHistory[slot * HISTORY + next] = Math.max(tokens[c], 0);
                }
            }
            String what = settings + ", vocabulary " + vocabulary;
            assertArrayEquals(expectedTokens, written, what);
            assertArrayEquals(
                    expectedHistory, download(sequences.history(), SLOTS * HISTORY), what);
            assertArrayEquals(expectedPositions, download(sequences.positions(), SLOTS), what);
        }
        return tokens;
    }

    /** Uploads the sequences. */
    private TokenChoice.Sequences sequences(Workspace state) {
        long at = state.address();
        TokenChoice.Sequences sequences =
                new TokenChoice.Sequences(
                        at + 16L * SLOTS, HISTORY, at + 8L * SLOTS, at + 12L * SLOTS, at);
        stream.fill(sequences.tokens(), 0, 8L * SLOTS);
        stream.upload(bytes(history), sequences.history());
        stream.upload(bytes(positions), sequences.positions());
        stream.upload(bytes(promptLengths), sequences.promptLengths());
        return sequences;
    }

    private float[][] normal(int columns, int vocabulary, double mean, double deviation) {
        float[][] rows = new float[columns][vocabulary];
        for (float[] row : rows) {
            for (int i = 0; i < vocabulary; i++) {
                row[i] = (float) (mean + deviation * random.nextGaussian());
            }
        }
        return rows;
    }

    /** The same with few different values, some of them zeros of both signs and -infinity. */
    private float[][] ties(int columns, int vocabulary) {
        float[] values = {0f, -0f, 1, 2, -1, 3, Float.NEGATIVE_INFINITY};
        float[][] rows = new float[columns][vocabulary];
        for (float[] row : rows) {
            row[0] = 1;
            for (int i = 1; i < vocabulary; i++) {
                row[i] = values[random.nextInt(values.length)];
            }
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 50257})
    void everySetting(int vocabulary) {
        double[] temperatures = {0, 0.02, 0.7, 1, 4, 1e30};
        int[] topKs = {0, 1, 3, 50, 5000};
        double[] topPs = {1, 1e-9, 0.3, 0.9, 0.9999999};
        double[] penalties = {1, 1.3, 0.6};
        for (int i = 0; i < (vocabulary > 10_000 ? 30 : 80); i++) {
            TokenChoice.Settings settings =
                    new TokenChoice.Settings(
                            temperatures[random.nextInt(temperatures.length)],
                            topKs[random.nextInt(topKs.length)],
                            topPs[random.nextInt(topPs.length)],
                            penalties[random.nextInt(penalties.length)],
                            random.nextInt(30),
                            vocabulary > 1 ? random.nextInt(vocabulary + 1) - 1 : -1,
                            random.nextLong());
            int columns = 1 + random.nextInt(4);
            check(
                    settings,
                    i % 3 == 0
                            ? ties(columns, vocabulary)
                            : normal(columns, vocabulary, i % 2 * -40, 1 + i % 5));
        }
    }

    @Test
    void sixtyFourColumns() {
        check(settings(0, 0, 1), normal(64, 1000, 0, 1));
        check(settings(0.9, 40, 0.95), normal(64, 1000, 0, 3));
        check(new TokenChoice.Settings(1, 0, 1, 1.2, 20, 3, -5), normal(64, 1000, -30, 2));
    }

    @Test
    void largeVocabularies() {
        int vocabulary = 1_500_000;
        check(settings(0, 0, 1), normal(1, vocabulary, 0, 1));
        check(settings(1, 0, 0.9), normal(1, vocabulary, 0, 2));
        check(settings(2, 1000, 0.9), ties(1, vocabulary));
        TokenChoice.Settings penalised = new TokenChoice.Settings(1, 0, 1, 1.2, 0, -1, 3);
        check(penalised, normal(1, 500_000, 0, 3));
        int seenBytes = vocabulary / 8;
        if (device.kernel("choose_tokens").blocksPerMultiprocessor(seenBytes) > 0) {
            check(penalised, normal(1, vocabulary, 0, 3));
        } else {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> check(penalised, normal(1, vocabulary, 0, 3)));
        }
    }

    @Test
    void equalsAreTakenInOrder() {
        float[] equal = new float[5000];
        for (double topP : new double[] {1e-9, 0.0002, 0.1, 0.5, 0.99999, 1}) {
            int[] tokens = check(settings(1, 0, topP), equal, equal);
            assertTrue(Arrays.stream(tokens).max().getAsInt() <= Math.ceil(5000 * topP));
        }
        check(settings(1, 2, 0.5), equal);
        assertArrayEquals(new int[] {0, 0}, check(settings(0, 0, 1), equal, equal));
    }

    @Test
    void logitsThatAreNotNumbersChooseNothing() {
        float[][] bad = new float[4][3000];
        bad[0][2999] = Float.NaN;
        bad[1][17] = Float.POSITIVE_INFINITY;
        Arrays.fill(bad[2], Float.NEGATIVE_INFINITY);
        bad[3][5] = Float.NEGATIVE_INFINITY;
        for (TokenChoice.Settings settings :
                new TokenChoice.Settings[] {
                    settings(0, 0, 1),
                    settings(1, 0, 1),
                    settings(1, 7, 0.5),
                    new TokenChoice.Settings(0, 0, 1, 1.5, 50, 100, 1)
                }) {
            int[] tokens = check(settings, bad);
            assertArrayEquals(new int[] {-1, -1, -1}, Arrays.copyOf(tokens, 3));
            assertTrue(tokens[3] >= 0);
        }
    }

    /** Frequencies of some 20,000 draws, of which each has its own random number. */
    @Test
    void frequenciesAreProbabilities() {
        float[] logits = normal(1, 60, -20, 1.5)[0];
        frequencies(logits, settings(1, 0, 1), 60);
        frequencies(logits, settings(0.6, 20, 1), 20);
    }

    private void frequencies(float[] logits, TokenChoice.Settings settings, int kept) {
        int columns = choice.mostColumns();
        int[] slots = IntStream.range(0, columns).toArray();
        for (int slot = 0; slot < SLOTS; slot++) {
            promptLengths[slot] = 1;
            positions[slot] = 1000 * (slot + 1);
        }
        int launches = 313;
        int[] counts = new int[logits.length];
        try (Workspace row = stream.workspace(4L * logits.length);
                Workspace state = stream.workspace(4L * SLOTS * (HISTORY + 4))) {
            DeviceTensor in = rows(row.address(), columns, logits.length, 0);
            ByteBuffer buffer = buffer(4 * logits.length);
            buffer.asFloatBuffer().put(logits);
            stream.upload(buffer, row.address());
            TokenChoice.Sequences sequences = sequences(state);
            // Positions are far beyond the histories, which stay as they are.
            for (int launch = 0; launch < launches; launch++) {
                choice.choose(stream, in, null, slots, sequences, launch, settings);
                int[] written = download(sequences.tokens(), 2 * columns);
                for (int c = 0; c < columns; c++) {
                    assertEquals(launch, written[2 * c + 1]);
                    counts[written[2 * c]]++;
                }
            }
            assertArrayEquals(history, download(sequences.history(), SLOTS * HISTORY));
        }
        float[] sorted = logits.clone();
        Arrays.sort(sorted);
        float least = sorted[sorted.length - kept];
        double[] weights = new double[logits.length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = logits[i] < least ? 0 : Math.exp(logits[i] / settings.temperature());
        }
        double sum = Arrays.stream(weights).sum();
        double chiSquare = 0;
        int freedom = -1;
        for (int i = 0; i < weights.length; i++) {
            double expected = weights[i] / sum * launches * columns;
            if (expected == 0) {
                assertEquals(0, counts[i], "token " + i);
            } else if (expected >= 5) {
                chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
                freedom++;
            }
        }
        assertTrue(freedom >= 10, "enough tokens are likely");
        assertEquals(freedom, chiSquare, 5 * Math.sqrt(2 * freedom));
    }

    @Test
    void choicesRepeat() {
        float[][] rows = normal(8, 50257, 0, 2);
        int[][] tokens = new int[2][];
        for (int i = 0; i < 2; i++) {
            random.setSeed(5);
            tokens[i] = check(settings(1.3, 300, 0.8), rows);
        }
        assertArrayEquals(tokens[0], tokens[1]);
    }

    @Test
    void wrongTensorsAreRefused() {
        DeviceTensor logits = DeviceTensor.dense(0, ElementType.F32, 2, 10);
        TokenChoice.Sequences nowhere = new TokenChoice.Sequences(0, 0, 0, 0, 0);
        for (int columns : new int[] {0, 1, 3, choice.mostColumns() + 1}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            choice.choose(
                                    stream,
                                    logits,
                                    null,
                                    new int[columns],
                                    nowhere,
                                    0,
                                    settings(0, 0, 1)));
        }
        DeviceTensor best = DeviceTensor.dense(0, ElementType.I64, 3, 1);
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        choice.choose(
                                stream, logits, best, new int[2], nowhere, 0, settings(0, 0, 1)));
    }
}
