package org.oktoblas.engine.cuda;

import ai.djl.Device;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.oktoblas.cuda.CudaException;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.kernels.Gpt2Decoder;
import org.oktoblas.kernels.Gpt2Session;
import org.oktoblas.kernels.Gpt2Shape;
import org.oktoblas.kernels.TokenChoice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole GPT-2 on one stream of a GPU. */
final class CudaDecoder implements Decoder {

    private static final Logger LOGGER = LoggerFactory.getLogger(CudaDecoder.class);

    private static final Names<Activation> ACTIVATION = Names.of(Activation.class);

    private final Device device;
    private final Gpt2Decoder decoder;

    private CudaDecoder(Device device, Gpt2Decoder decoder) {
        this.device = device;
        this.decoder = decoder;
    }

    /** Prepares a network, if there are kernels for it that the GPU can run. */
    static Optional<Decoder> open(
            Gpu gpu, CudaStream stream, Spec spec, Weights weights, MathMode mode) {
        Gpt2Shape shape =
                new Gpt2Shape(
                        type(mode),
                        spec.numLayers(),
                        spec.hiddenSize(),
                        spec.numHeads(),
                        spec.innerSize(),
                        spec.vocabSize(),
                        spec.contextLength(),
                        ACTIVATION.get(spec.activation()),
                        (float) spec.layerNormEpsilon(),
                        spec.attentionScales(),
                        spec.tiedHead());
        Optional<String> obstacle = shape.whyUnsupported();
        if (obstacle.isPresent()) {
            LOGGER.debug(
                    "The network runs operation by operation on {}: {}",
                    gpu.device(),
                    obstacle.get());
            return Optional.empty();
        }
        return call(
                gpu.device(),
                "packing the weights of a GPT-2",
                () ->
                        Gpt2Decoder.open(stream, gpu.kernels(), shape, new Source(weights))
                                .map(decoder -> new CudaDecoder(gpu.device(), decoder)));
    }

    private static ElementType type(MathMode mode) {
        return switch (mode) {
            case FLOAT32 -> ElementType.F32;
            case FLOAT16 -> ElementType.F16;
            case BFLOAT16 -> ElementType.BF16;
        };
    }

    private static <T> T call(Device device, String what, Supplier<T> work) {
        try {
            return work.get();
        } catch (CudaException e) {
            throw Failures.of(e, device, what);
        }
    }

    /** Closes. A device that fails says so to those who compute, not to those who close. */
    private static void close(Device device, Runnable close) {
        try {
            close.run();
        } catch (CudaException e) {
            LOGGER.warn("Memory of {} could not be freed: {}", device, e.getMessage());
        }
    }

    @Override
    public long byteSize() {
        return decoder.byteSize();
    }

    @Override
    public Session newSession() {
        return new CudaSession(device, decoder.newSession());
    }

    @Override
    public void close() {
        close(device, decoder::close);
    }

    /** The engine's weights as the kernels' loader asks for them. */
    private record Source(Weights weights) implements Gpt2Decoder.Source {

        @Override
        public ElementType type(String name) {
            return StreamBackend.type(weights.dataType(name));
        }

        @Override
        public long[] shape(String name) {
            return weights.shape(name).getShape();
        }

        @Override
        public ByteBuffer data(String name) {
            return weights.data(name);
        }
    }

    /** Sequences being continued. */
    private record CudaSession(Device device, Gpt2Session session) implements Session {

        private static final String WORK = "generating tokens";

        @Override
        public void prompt(List<long[]> prompts) {
            call(
                    device,
                    "processing prompts",
                    () -> {
                        session.prompt(prompts);
                        return null;
                    });
        }

        @Override
        public void append(long[] tokens) {
            call(
                    device,
                    WORK,
                    () -> {
                        session.append(tokens);
                        return null;
                    });
        }

        @Override
        public float[] logits(int row) {
            return call(device, WORK, () -> session.logits(row));
        }

        @Override
        public long[] argMax() {
            return call(device, WORK, session::argMax);
        }

        @Override
        public long[] choose(Sampling sampling) {
            TokenChoice.Settings settings =
                    new TokenChoice.Settings(
                            sampling.temperature(),
                            sampling.topK(),
                            sampling.topP(),
                            sampling.repetitionPenalty(),
                            sampling.minTokens(),
                            sampling.endOfText(),
                            sampling.seed());
            return call(device, WORK, () -> session.choose(settings, sampling.maxTokens()));
        }

        @Override
        public void end(int row) {
            call(
                    device,
                    "ending a sequence",
                    () -> {
                        session.end(row);
                        return null;
                    });
        }

        @Override
        public long byteSize() {
            return session.byteSize();
        }

        @Override
        public void close() {
            CudaDecoder.close(device, session::close);
        }
    }
}
