package org.oktoblas.gpt2;

import ai.djl.inference.streaming.StreamingBlock;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractSymbolBlock;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.oktoblas.engine.OktoNDManager;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.generate.DecodingSession;
import org.oktoblas.okm.Gpt2Config;
import org.oktoblas.okm.OkmFile;

/**
 * GPT-2 as a DJL block, for inference, with the inputs and outputs of DJL's GPT-2 pipelines.
 *
 * <p>In: {@code [ids]}, or {@code [ids, positionIds, attentionMask]} with 2 · layers past keys and
 * values after them or none; ids and position ids are INT64 (batch, time), the mask INT64 (batch,
 * past + time) with 0 at padding, keys and values FLOAT32 (batch, heads, past, width).
 *
 * <p>Out: {@code [logits (batch, time, vocabulary), 2 · layers keys and values (batch, heads, past
 * + time, width), last hidden state (batch, time, hidden)]}, all FLOAT32 and attached to the
 * manager of the first input.
 *
 * <p>Under engine OktoBLAS keys and values have room behind them in memory: a pass that gets the
 * newest ones back puts its own there, and returns longer views of the same memory. All others it
 * copies. No array changes by that, but do not write to them.
 *
 * <p>The weights are no {@code Parameter}s: they are packed for the engine when loaded and cannot
 * be trained or saved. Where the engine has a {@link Decoder} for the device, that has them, and
 * {@linkplain #newSession sessions} run on it; a second copy for forward passes and {@link
 * #negativeLogLikelihood} takes memory only once one of these is first called. The file must be
 * left as it is until then, and on a CPU as long as the block is used.
 *
 * <p>Threads may share a block.
 */
public final class Gpt2Block extends AbstractSymbolBlock implements StreamingBlock {

    private static final byte VERSION = 1;

    private final Gpt2Config config;
    private final Supplier<Gpt2Network> network;

    /** Null where the device has none. */
    private final Decoder decoder;

    private final Precision precision;
    private final String tokenizerJson;
    private final Path path;

    private Gpt2Block(
            Gpt2Config config,
            Supplier<Gpt2Network> network,
            Decoder decoder,
            Precision precision,
            String tokenizerJson,
            Path path) {
        super(VERSION);
        this.decoder = decoder;
        this.precision = precision;
        this.config = config;
        this.network = network;
        this.tokenizerJson = tokenizerJson;
        this.path = path;
        inputNames = List.of("input_ids");
        inputShapes = new Shape[] {new Shape(-1, -1)};
    }

    /**
     * Loads a model.
     *
     * @param manager whose engine and device it runs on, and with which the weights are freed
     * @throws IllegalArgumentException if the engine cannot run in that precision
     */
    public static Gpt2Block load(OkmFile file, NDManager manager, Precision precision)
            throws IOException {
        return load(
                file.config(),
                new OkmTensors(file),
                file.tokenizerJson().orElse(null),
                file.path(),
                manager,
                precision);
    }

    /** Loads a model whose weights come from anywhere; there is a tokenizer or null. */
    static Gpt2Block load(
            Gpt2Config config,
            TensorSource weights,
            String tokenizerJson,
            NDManager manager,
            Precision precision) {
        return load(config, weights, tokenizerJson, null, manager, precision);
    }

    private static Gpt2Block load(
            Gpt2Config config,
            TensorSource weights,
            String tokenizerJson,
            Path path,
            NDManager manager,
            Precision precision) {
        Decoder decoder = decoder(config, weights, manager, precision).orElse(null);
        return new Gpt2Block(
                config,
                network(config, weights, manager, precision, decoder),
                decoder,
                precision == Precision.AUTO ? Precision.FP32 : precision,
                tokenizerJson,
                path);
    }

    /** Makes a block whose sessions run on a certain decoder. */
    static Gpt2Block withDecoder(
            Gpt2Config config, TensorSource weights, NDManager manager, Decoder decoder) {
        Precision precision = Precision.FP32;
        Supplier<Gpt2Network> network = network(config, weights, manager, precision, decoder);
        return new Gpt2Block(config, network, decoder, precision, null, null);
    }

    /** The network, loaded at once where it is all there is. */
    private static Supplier<Gpt2Network> network(
            Gpt2Config config,
            TensorSource weights,
            NDManager manager,
            Precision precision,
            Decoder decoder) {
        if (decoder != null) {
            return new LazyNetwork(config, weights, manager, precision);
        }
        Gpt2Network loaded = new Gpt2Network(config, Gpt2Ops.of(manager, weights, precision));
        return () -> loaded;
    }

    private static Optional<Decoder> decoder(
            Gpt2Config config, TensorSource weights, NDManager manager, Precision precision) {
        if (!(manager instanceof OktoNDManager okto)) {
            return Optional.empty();
        }
        List<Double> scales =
                IntStream.range(0, config.numLayers())
                        .mapToObj(layer -> Gpt2Network.attentionScale(config, layer))
                        .toList();
        Decoder.Spec spec =
                new Decoder.Spec(
                        config.numLayers(),
                        config.hiddenSize(),
                        config.numHeads(),
                        config.innerSize(),
                        config.vocabSize(),
                        config.contextLength(),
                        config.activation(),
                        config.layerNormEpsilon(),
                        scales,
                        config.tieWordEmbeddings());
        return okto.transformerOps().decoder(okto, spec, weights, precision.mode(okto.getDevice()));
    }

    /** What the network is built from. */
    public Gpt2Config config() {
        return config;
    }

    /** The arithmetic in which it runs, never AUTO. */
    public Precision precision() {
        return precision;
    }

    /** The {@code .okm} that it was loaded from, if it was. */
    public Optional<Path> path() {
        return Optional.ofNullable(path);
    }

    /** The Hugging Face {@code tokenizer.json} that came with the model, or nothing. */
    public Optional<String> tokenizerJson() {
        return Optional.ofNullable(tokenizerJson);
    }

    /**
     * Starts generating from prompts; this keeps its own keys and values, and asks for logits only
     * where they are needed.
     *
     * @param manager with which the session is freed if it is not closed before
     */
    public DecodingSession newSession(NDManager manager) {
        return decoder == null
                ? new Gpt2Session(manager, config, network.get())
                : new DecoderSession(manager, config, decoder);
    }

    /**
     * Predicts tokens of a sequence and sums how unlikely they were.
     *
     * @param ids the sequence, not longer than the context
     * @param from the first token to predict, from all before it; at least 1
     * @return the summed negative log-likelihood of the tokens from there on, in nats
     */
    public double negativeLogLikelihood(NDManager manager, long[] ids, int from) {
        return Likelihood.of(manager, config, network.get(), ids, from);
    }

    /**
     * Runs the network.
     *
     * @throws IllegalArgumentException if the inputs are not what the class comment says
     */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        if (training) {
            throw new UnsupportedOperationException("This GPT-2 is for inference only");
        }
        Gpt2Inputs.check(inputs, config);
        NDArray ids = inputs.head();
        NDManager manager = ids.getManager();
        NDList given = inputs.size() > 3 ? inputs.subNDList(3) : new NDList();
        Gpt2Network net = network.get();
        PastKeyValues past = net.continuing(given, manager);
        try (NDManager scratch = manager.newSubManager()) {
            NDArray positionIds =
                    inputs.size() > 1 ? inputs.get(1) : Gpt2Inputs.positions(scratch, ids);
            NDArray mask = inputs.size() > 2 ? inputs.get(2) : null;
            NDArray hidden = net.forward(scratch, ids, positionIds, mask, past, false);
            NDArray logits = net.logits(hidden);
            NDList outputs = new NDList(logits);
            outputs.addAll(past.present());
            outputs.add(hidden);
            outputs.attach(manager);
            return outputs;
        }
    }

    /**
     * Continues token ids greedily, to the end of the context.
     *
     * @param inputs {@code [ids]}, INT64 (batch, time)
     * @return for each step, when it is asked for, {@code [next ids (batch, 1)]}, attached to the
     *     inputs' manager
     */
    @Override
    public Iterator<NDList> forwardStreamIter(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return new GreedyStream(this, inputs);
    }

    @Override
    public ParameterList getDirectParameters() {
        return new ParameterList();
    }

    @Override
    public PairList<String, Shape> describeOutput() {
        PairList<String, Shape> outputs = new PairList<>();
        outputs.add("logits", new Shape(-1, -1, config.vocabSize()));
        Shape keyValue = new Shape(-1, config.numHeads(), -1, config.headSize());
        for (int i = 0; i < config.numLayers(); i++) {
            outputs.add("present." + i + ".key", keyValue);
            outputs.add("present." + i + ".value", keyValue);
        }
        outputs.add("hidden_state", new Shape(-1, -1, config.hiddenSize()));
        return outputs;
    }

    /** Returns the outputs' shapes for the inputs' shapes. */
    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        long batch = inputs[0].get(0);
        long time = inputs[0].get(1);
        long past = inputs.length > 3 ? inputs[3].get(2) : 0;
        Shape[] outputs = new Shape[2 * config.numLayers() + 2];
        Arrays.fill(outputs, new Shape(batch, config.numHeads(), past + time, config.headSize()));
        outputs[0] = new Shape(batch, time, config.vocabSize());
        outputs[outputs.length - 1] = new Shape(batch, time, config.hiddenSize());
        return outputs;
    }
}
