package org.oktoblas.kernels;

import java.util.Locale;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Gpt2Layout.Part;

/**
 * Processes many tokens of one sequence at once, layer by layer, as large products. What is wanted
 * are their keys and values in the cache.
 */
final class Gpt2Prompts {

    /**
     * Tokens that go from one norm to the next product at once, so that the memory between, above
     * all that of the inner width, does not grow with the prompt.
     */
    private static final int PIECE = 1024;

    /** Outputs of a block for each time 16 that its warps take. */
    private static final int BLOCK_UNIT = 32;

    private final Gpt2Shape shape;
    private final Gpt2Structs structs;
    private final Attention attention;
    private final CudaKernel norm;
    private final CudaKernel small;
    private final CudaKernel large;
    private final int smallTimes;
    private final int largeTimes;
    private final int multiprocessors;

    Gpt2Prompts(CudaDevice device, Gpt2Shape shape, Gpt2Structs structs, Attention attention) {
        this.shape = shape;
        this.structs = structs;
        this.attention = attention;
        String suffix = shape.type().suffix();
        norm = device.kernel("gpt2_prompt_norm_" + suffix);
        smallTimes = norm.constant("promptSmall");
        largeTimes = norm.constant("promptLarge");
        small = device.kernel(productSymbol(suffix, smallTimes));
        large = device.kernel(productSymbol(suffix, largeTimes));
        multiprocessors = device.properties().multiprocessors();
    }

    private static String productSymbol(String suffix, int times) {
        return String.format(Locale.ROOT, "gpt2_prompt_product_%s_%d", suffix, times);
    }

    /** Processes the first tokens of a sequence, for which there are pages; the lock is held. */
    void process(
            CudaStream stream,
            Gpt2Weights weights,
            Gpt2Structs.Sequences sequences,
            int slot,
            int tokens) {
        try (Pass pass = new Pass(stream, weights, sequences, slot, tokens)) {
            pass.run();
        }
    }

    /** The memory of one pass and what is done with it. */
    private final class Pass implements AutoCloseable {

        private final CudaStream stream;
        private final Gpt2Weights weights;
        private final Gpt2Structs.Sequences sequences;
        private final int slot;
        private final int tokens;
        private final Temporaries temporaries;
        private final long x;
        private final long qkv;
        private final long attended;
        private final long normalized;
        private final long inner;

        Pass(
                CudaStream stream,
                Gpt2Weights weights,
                Gpt2Structs.Sequences sequences,
                int slot,
                int tokens) {
            this.stream = stream;
            this.weights = weights;
            this.sequences = sequences;
            this.slot = slot;
            this.tokens = tokens;
            temporaries = new Temporaries(stream, null);
            try {
                int piece = Math.min(PIECE, tokens);
                x = temporaries.bytes((long) tokens * shape.hidden() * Float.BYTES);
                qkv = temporaries.bytes(3L * tokens * shape.attention() * shape.type().bytes());
                // What fills up these rows to whole tiles is multiplied by zeros, and no NaN then.
                attended = zeros(tokens, shape.attentionTiles());
                normalized = zeros(piece, shape.hiddenTiles());
                inner = zeros(piece, shape.innerTiles());
            } catch (RuntimeException | Error e) {
                temporaries.close();
                throw e;
            }
        }

        private long zeros(int rows, int tiles) {
            long bytes = (long) rows * tiles * Gpt2Shape.TILE_BYTES;
            long address = temporaries.bytes(bytes);
            stream.fill(address, 0, bytes);
            return address;
        }

        void run() {
            for (int layer = 0; layer < shape.layers(); layer++) {
                for (int first = 0; first < tokens; first += PIECE) {
                    toQkv(layer, first, Math.min(PIECE, tokens - first));
                }
                // Of the last layer nothing but keys and values is wanted.
                if (layer + 1 < shape.layers()) {
                    attend(layer);
                    for (int first = 0; first < tokens; first += PIECE) {
                        feedForward(layer, first, Math.min(PIECE, tokens - first));
                    }
                }
            }
        }

        private void toQkv(int layer, int first, int count) {
            normalize(layer, Part.GAIN1, Part.SHIFT1, layer == 0, first, count);
            product(
                    normalized,
                    layer,
                    Part.QKV,
                    Part.QKV_BIAS,
                    qkv + 3L * first * shape.attention() * shape.type().bytes(),
                    3 * shape.attention(),
                    3 * shape.attention(),
                    shape.hiddenTiles(),
                    "promptQkv",
                    first,
                    count);
        }

        private void attend(int layer) {
            ElementType type = shape.type();
            int width = shape.packedHeadWidth();
            long pitch = 3L * shape.attention();
            long[] lengths = {1, shape.heads(), tokens, width};
            DeviceTensor all =
                    new DeviceTensor(qkv, type, lengths, new long[] {0, width, pitch, 1});
            DeviceTensor keys = all.with(shape.attention(), lengths, all.strides());
            DeviceTensor values = all.with(2L * shape.attention(), lengths, all.strides());
            long outPitch = (long) shape.attentionTiles() * shape.tileDepth();
            DeviceTensor out =
                    new DeviceTensor(attended, type, lengths, new long[] {0, width, outPitch, 1});
            attention.causal(
                    stream, all, keys, values, null, shape.attentionScales().get(layer), out);
        }

        private void feedForward(int layer, int first, int count) {
            product(
                    attended + (long) first * shape.attentionTiles() * Gpt2Shape.TILE_BYTES,
                    layer,
                    Part.MERGE,
                    Part.MERGE_BIAS,
                    residual(first),
                    shape.hidden(),
                    shape.hidden(),
                    shape.attentionTiles(),
                    "promptAdd",
                    first,
                    count);
            normalize(layer, Part.GAIN2, Part.SHIFT2, false, first, count);
            product(
                    normalized,
                    layer,
                    Part.UP,
                    Part.UP_BIAS,
                    inner,
                    shape.innerTiles() * shape.tileDepth(),
                    shape.inner(),
                    shape.hiddenTiles(),
                    "promptInner",
                    first,
                    count);
            product(
                    inner,
                    layer,
                    Part.DOWN,
                    Part.DOWN_BIAS,
                    residual(first),
                    shape.hidden(),
                    shape.hidden(),
                    shape.innerTiles(),
                    "promptAdd",
                    first,
                    count);
        }

        private long residual(int first) {
            return x + (long) first * shape.hidden() * Float.BYTES;
        }

        private void normalize(
                int layer, Part gain, Part shift, boolean embeds, int first, int count) {
            stream.launch(
                    norm,
                    count,
                    1,
                    1,
                    0,
                    structs.promptNorm(
                            weights.addresses(),
                            sequences,
                            residual(first),
                            weights.address(layer, gain),
                            weights.address(layer, shift),
                            normalized,
                            embeds,
                            slot,
                            first));
        }

        private void product(
                long in,
                int layer,
                Part matrix,
                Part bias,
                long out,
                int outPitch,
                int outputs,
                int depthTiles,
                String way,
                int first,
                int count) {
            int side = BLOCK_UNIT * largeTimes;
            long blocks = (long) Gpt2Shape.up(count, side) * Gpt2Shape.up(outputs, side);
            // Large blocks read less, but only if there are enough of them to keep all busy.
            boolean isLarge = blocks > multiprocessors * 3L / 4;
            int times = isLarge ? largeTimes : smallTimes;
            int shared =
                    norm.constant("promptStages")
                            * 2
                            * BLOCK_UNIT
                            * times
                            * norm.constant("promptRowBytes");
            Gpt2Structs.Product product =
                    new Gpt2Structs.Product(
                            in,
                            weights.address(layer, matrix),
                            weights.address(layer, bias),
                            out,
                            outPitch,
                            count,
                            outputs,
                            depthTiles,
                            norm.constant(way),
                            layer);
            stream.launch(
                    isLarge ? large : small,
                    Gpt2Shape.up(count, BLOCK_UNIT * times),
                    Gpt2Shape.up(outputs, BLOCK_UNIT * times),
                    1,
                    shared,
                    structs.promptProduct(sequences, product, slot, first));
        }

        @Override
        public void close() {
            temporaries.close();
        }
    }
}
