package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.recurrent.RNN;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Recurrent layers. */
final class RecurrentOperations {

    /**
     * Each of up to 4 steps in 2 layers adds up to 20 products of numbers no larger than 1 or, of
     * the unlimited kind, of some 10; the functions of the gates do not make errors larger.
     */
    private static final Tolerance STEPS = Tolerance.near(16, 32);

    private RecurrentOperations() {}

    /** The kinds of cells, with their numbers of gates. */
    private enum Kind {
        RELU("rnn(...) with relu", 1),
        TANH("rnn(...) with tanh", 1),
        GRU("gru(...)", 3),
        LSTM("lstm(...)", 4);

        private final String call;
        private final int gates;

        Kind(String call, int gates) {
            this.call = call;
            this.gates = gates;
        }
    }

    static List<Operation> all() {
        return Arrays.stream(Kind.values()).map(RecurrentOperations::layer).toList();
    }

    /** What a layer is told. */
    private record Layer(
            Kind kind, int layers, boolean bidirectional, boolean batchFirst, boolean biases) {

        NDList run(NDArray... x) {
            int states = kind == Kind.LSTM ? 2 : 1;
            NDList params = new NDList(Arrays.copyOfRange(x, 1 + states, x.length));
            switch (kind) {
                case LSTM:
                    NDList both = new NDList(x[1], x[2]);
                    return x[0].getNDArrayInternal()
                            .lstm(
                                    x[0],
                                    both,
                                    params,
                                    biases,
                                    layers,
                                    0,
                                    false,
                                    bidirectional,
                                    batchFirst);
                case GRU:
                    return x[0].getNDArrayInternal()
                            .gru(
                                    x[0],
                                    x[1],
                                    params,
                                    biases,
                                    layers,
                                    0,
                                    false,
                                    bidirectional,
                                    batchFirst);
                default:
                    RNN.Activation activation =
                            kind == Kind.RELU ? RNN.Activation.RELU : RNN.Activation.TANH;
                    return x[0].getNDArrayInternal()
                            .rnn(
                                    x[0],
                                    x[1],
                                    params,
                                    biases,
                                    layers,
                                    activation,
                                    0,
                                    false,
                                    bidirectional,
                                    batchFirst);
            }
        }
    }

    private static Operation layer(Kind kind) {
        return Operation.of(
                        "NDArrayEx." + kind.call,
                        STEPS,
                        draw -> {
                            int layers = draw.note("layers", 1 + draw.below(2));
                            boolean bidirectional = draw.flag("bidirectional");
                            boolean batchFirst = draw.flag("batchFirst");
                            boolean biases = draw.flag("biases");
                            long steps = 1 + draw.below(4);
                            long batch = 1 + draw.below(3);
                            long features = 1 + draw.below(4);
                            long length = 1 + draw.below(4);
                            int directions = bidirectional ? 2 : 1;
                            DataType type = draw.of(Draw.WIDE_FLOATS);
                            draw.add(
                                    type,
                                    Values.UNIT,
                                    batchFirst ? batch : steps,
                                    batchFirst ? steps : batch,
                                    features);
                            for (int i = 0; i < (kind == Kind.LSTM ? 2 : 1); i++) {
                                draw.add(
                                        type,
                                        Values.UNIT,
                                        (long) layers * directions,
                                        batch,
                                        length);
                            }
                            for (int i = 0; i < layers * directions; i++) {
                                long width = i < directions ? features : directions * length;
                                draw.add(type, Values.UNIT, kind.gates * length, width);
                                draw.add(type, Values.UNIT, kind.gates * length, length);
                                for (int j = 0; j < (biases ? 2 : 0); j++) {
                                    draw.add(type, Values.UNIT, kind.gates * length);
                                }
                            }
                            Layer layer =
                                    new Layer(kind, layers, bidirectional, batchFirst, biases);
                            return Call.of((m, x) -> layer.run(x));
                        })
                // PyTorch makes a program for each new shape.
                .slow(kind == Kind.LSTM ? 4 : 1);
    }
}
