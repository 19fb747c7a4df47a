package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.recurrent.RNN;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Recurrent layers give what PyTorch gives. */
abstract class RecurrentLaws extends EngineParity {

    private static final int LENGTH = 5;

    RecurrentLaws(Target ours) {
        super(ours);
    }

    /** The kinds of cells, with their numbers of gates. */
    private enum Kind {
        RELU(1),
        TANH(1),
        GRU(3),
        LSTM(4);

        private final int gates;

        Kind(int gates) {
            this.gates = gates;
        }
    }

    private record Case(
            Kind kind, int layers, boolean bidirectional, boolean batchFirst, boolean biases) {

        NDList run(NDArray input, boolean states) {
            NDManager m = input.getManager();
            DataType type = input.getDataType();
            long directions = bidirectional ? 2 : 1;
            NDList params = new NDList();
            for (int i = 0; i < layers * directions; i++) {
                long width = i < directions ? input.getShape().get(2) : directions * LENGTH;
                params.add(parameter(m, i, type, kind.gates * LENGTH, width));
                params.add(parameter(m, i + 50, type, kind.gates * LENGTH, LENGTH));
                if (biases) {
                    params.add(parameter(m, i, type, kind.gates * LENGTH));
                    params.add(parameter(m, i + 50, type, kind.gates * LENGTH));
                }
            }
            long batch = input.getShape().get(batchFirst ? 0 : 1);
            NDArray hidden = parameter(m, 1, type, layers * directions, batch, LENGTH);
            NDArray cells = parameter(m, 2, type, layers * directions, batch, LENGTH);
            if (!states) {
                hidden = hidden.zerosLike();
                cells = cells.zerosLike();
            }
            return switch (kind) {
                case LSTM -> lstm(input, new NDList(hidden, cells), params);
                case GRU ->
                        input.getNDArrayInternal()
                                .gru(
                                        input,
                                        hidden,
                                        params,
                                        biases,
                                        layers,
                                        0.5,
                                        false,
                                        bidirectional,
                                        batchFirst);
                default -> rnn(input, hidden, params);
            };
        }

        private NDList lstm(NDArray input, NDList states, NDList params) {
            return input.getNDArrayInternal()
                    .lstm(
                            input,
                            states,
                            params,
                            biases,
                            layers,
                            0.5,
                            false,
                            bidirectional,
                            batchFirst);
        }

        private NDList rnn(NDArray input, NDArray state, NDList params) {
            return input.getNDArrayInternal()
                    .rnn(
                            input,
                            state,
                            params,
                            biases,
                            layers,
                            kind == Kind.RELU ? RNN.Activation.RELU : RNN.Activation.TANH,
                            0.5,
                            false,
                            bidirectional,
                            batchFirst);
        }
    }

    /** Different numbers for each parameter, small enough for gates in their steep part. */
    private static NDArray parameter(NDManager m, int which, DataType type, long... shape) {
        return floats(m, shape).mul(which + 1).sin().mul(0.5f).toType(type, false);
    }

    @TestFactory
    List<DynamicTest> recurrence() {
        boolean[] both = {false, true};
        for (Kind kind : Kind.values()) {
            for (int layers = 1; layers < 4; layers++) {
                for (boolean bidirectional : both) {
                    for (boolean batchFirst : both) {
                        for (boolean biases : both) {
                            Case c = new Case(kind, layers, bidirectional, batchFirst, biases);
                            lists(c.toString(), m -> c.run(floats(m, 4, 3, 7), true));
                        }
                    }
                }
            }
            Case c = new Case(kind, 2, true, true, true);
            lists("float64 " + c, m -> c.run(cast(m, DataType.FLOAT64), true));
            lists("zero states " + c, m -> c.run(cast(m, DataType.FLOAT32), false));
            lists("one step " + c, m -> c.run(floats(m, 3, 1, 7), true));
            lists("of a view " + c, m -> c.run(floats(m, 7, 4, 3).transpose(), true));
        }
        return tests;
    }

    /** No states are zeros; dropout is between layers alone, in training alone, from the seed. */
    @TestFactory
    List<DynamicTest> ownWays() {
        reference(
                "lstm without states",
                m -> layers(floats(m, 3, 4, 7), zeros(m, 2), 1, false),
                m -> layers(floats(m, 3, 4, 7), null, 1, false));
        reference(
                "dropout of one layer",
                m -> layers(floats(m, 3, 4, 7), zeros(m, 2), 1, false),
                m -> layers(floats(m, 3, 4, 7), zeros(m, 2), 1, true));
        reference(
                "dropout from a seed",
                m -> new NDList(m.zeros(new Shape(), DataType.INT64)),
                m -> {
                    NDArray input = floats(m, 3, 4, 7);
                    NDArray without = layers(input, null, 2, false).head();
                    m.getEngine().setRandomSeed(3);
                    NDArray first = layers(input, null, 2, true).head();
                    m.getEngine().setRandomSeed(3);
                    NDArray again = layers(input, null, 2, true).head();
                    Assertions.assertNotEquals(without, first);
                    return new NDList(first.neq(again).countNonzero());
                });
        return tests;
    }

    private static NDList zeros(NDManager m, int states) {
        NDList zeros = new NDList();
        for (int i = 0; i < states; i++) {
            zeros.add(m.zeros(new Shape(1, 3, LENGTH)));
        }
        return zeros;
    }

    private static NDList layers(NDArray input, NDList states, int layers, boolean training) {
        NDManager m = input.getManager();
        NDList params = new NDList();
        for (int i = 0; i < layers; i++) {
            long width = i == 0 ? input.getShape().get(2) : LENGTH;
            params.add(parameter(m, i, DataType.FLOAT32, 4 * LENGTH, width));
            params.add(parameter(m, i + 50, DataType.FLOAT32, 4 * LENGTH, LENGTH));
        }
        return input.getNDArrayInternal()
                .lstm(input, states, params, false, layers, 0.5, training, false, true);
    }

    private static NDArray cast(NDManager m, DataType type) {
        return floats(m, 3, 4, 7).toType(type, false);
    }

    /** The same rounding of inputs as with float32, whose results are rounded once. */
    @TestFactory
    List<DynamicTest> halves() {
        for (Kind kind : Kind.values()) {
            Case c = new Case(kind, 2, true, true, true);
            reference(
                    "float16 " + c,
                    m -> c.run(cast(m, DataType.FLOAT16), true),
                    m -> c.run(cast(m, DataType.FLOAT16), true));
        }
        return tests;
    }
}
