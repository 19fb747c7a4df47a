package org.oktoblas.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.oktoblas.RequiresGpu;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Workspace;
import org.oktoblas.kernels.TokenChoice;

/** The device chooses what {@link Sampler} chooses, step after step. */
@RequiresGpu
class GpuTokenChoiceTest {

    private static final int VOCABULARY = 50257;
    private static final int END = 50256;
    private static final int STEPS = 12;
    private static final long[] PROMPT = {5, 17, 5, 50000};
    private static final int HISTORY = PROMPT.length + STEPS;

    private final Random random = new Random(3);

    @Test
    void theSameTokensAsOnTheHost() {
        GenerationConfig.Builder config =
                GenerationConfig.builder().maxTokens(STEPS).stopAtEndOfText(false).seed(99);
        same(config);
        same(config.minTokens(3));
        same(config.repetitionPenalty(1.3));
        same(config.temperature(0.8));
        same(config.topK(40));
        same(config.topP(0.9));
        same(config.topK(0));
        same(config.repetitionPenalty(1));
        same(config.temperature(3).topP(0.99));
        same(config.minTokens(0).topP(1));
    }

    private static ByteBuffer ints(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.nativeOrder());
        buffer.asIntBuffer().put(values);
        return buffer;
    }

    private void same(GenerationConfig.Builder builder) {
        GenerationConfig config = builder.build();
        Sampler sampler = new Sampler(config, PROMPT, END);
        TokenChoice.Settings settings =
                new TokenChoice.Settings(
                        config.temperature(),
                        config.topK(),
                        config.topP(),
                        config.repetitionPenalty(),
                        config.minTokens(),
                        END,
                        config.seed());
        CudaDevice device = CudaDevice.get(0);
        CudaStream stream = device.borrowStream();
        TokenChoice choice = new TokenChoice(device);
        try (Workspace row = stream.workspace(4L * VOCABULARY);
                Workspace state = stream.workspace(16 + 4L * HISTORY)) {
            long at = state.address();
            TokenChoice.Sequences sequences =
                    new TokenChoice.Sequences(at + 16, HISTORY, at + 8, at + 12, at);
            stream.upload(ints(0, 0, PROMPT.length - 1, PROMPT.length, 5, 17, 5, 50000), at);
            DeviceTensor logits = DeviceTensor.dense(row.address(), ElementType.F32, 1, VOCABULARY);
            for (int step = 0; step < STEPS; step++) {
                float[] values = logits();
                ByteBuffer buffer =
                        ByteBuffer.allocate(4 * VOCABULARY).order(ByteOrder.nativeOrder());
                buffer.asFloatBuffer().put(values);
                stream.upload(buffer, row.address());
                choice.choose(stream, logits, null, new int[1], sequences, step, settings);
                ByteBuffer chosen = ints(0, 0);
                stream.download(at, chosen);
                int expected = sampler.choose(values);
                assertEquals(expected, chosen.getInt(0), config + ", step " + step);
                assertEquals(step, chosen.getInt(4));
                sampler.accept(expected);
            }
        } finally {
            device.giveBack(stream);
        }
    }

    /** Likes the end of text, and what it likes best it likes again. */
    private float[] logits() {
        float[] values = new float[VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) {
            values[i] = (float) random.nextGaussian() * 3 - (i % 2 == 0 ? 5 : 0);
        }
        values[END] = 15;
        values[17] = 13;
        values[50000] = 14;
        return values;
    }
}
