package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Stacked recurrent layers in one or both directions. What the inputs contribute to the gates is
 * one product for all time steps; each step then adds the product of the state before it. Gates lie
 * in PyTorch's order.
 */
final class Recurrent {

    /** What a step computes, and in how many gates. */
    enum Cell {
        RNN_RELU(1),
        RNN_TANH(1),
        /** Reset, update and new gate. */
        GRU(3),
        /** Input, forget, cell and output gate. */
        LSTM(4);

        private final int gates;

        Cell(int gates) {
            this.gates = gates;
        }
    }

    /**
     * How layers are stacked.
     *
     * @param name the caller's operation, for messages
     * @param dropRate the rate of dropout between layers; 0 unless training
     */
    record Stack(
            String name,
            Cell cell,
            boolean hasBiases,
            int layers,
            double dropRate,
            boolean bidirectional,
            boolean batchFirst) {

        int directions() {
            return bidirectional ? 2 : 1;
        }

        /** The parameters of a layer's direction: two weights, two biases. */
        int parameters() {
            return hasBiases ? 4 : 2;
        }
    }

    private final Operation operation;
    private final Stack stack;
    private final DataType type;
    private final List<Tensor> parameters;
    private final long steps;
    private final long batch;

    /** The length of a state. */
    private final long length;

    /** The states after the last step, (layers · directions, batch, length): hidden, and cell. */
    private final Tensor hidden;

    private final Tensor cells;

    private Recurrent(
            Operation operation,
            Stack stack,
            Tensor in,
            List<Tensor> parameters,
            Tensor hidden,
            Tensor cells) {
        this.operation = operation;
        this.stack = stack;
        type = in.dataType();
        steps = in.layout().size(0);
        batch = in.layout().size(1);
        length = hidden.layout().size(2);
        this.parameters = parameters;
        this.hidden = hidden;
        this.cells = cells;
    }

    /**
     * Runs layers over a sequence.
     *
     * @param input (steps, batch, width), or (batch, steps, width) if batch comes first
     * @param states the hidden state and, of an LSTM, the cell state before the first step, each
     *     (layers · directions, batch, length) or null for zeros
     * @param params for each layer and direction: weights (gates · length, width) of the input and
     *     (gates · length, length) of the state, and biases (gates · length) of both; or, as DJL's
     *     blocks have them, for each layer the weights of both directions before all biases
     * @return the hidden states of the last layer, (steps, batch, directions · length) or with the
     *     batch first, and the states after the last step
     */
    static Tensor[] run(
            Operation operation, Stack stack, Tensor input, Tensor[] states, List<Tensor> params) {
        DataType given = Types.floating(input.dataType());
        // Rounding to 16 bits would add up from step to step.
        DataType type = Types.wide(given);
        List<Tensor> parameters = ordered(stack, params);
        long state = check(stack, input, states, parameters);
        Tensor in = operation.cast(input, type);
        if (stack.batchFirst) {
            in = in.with(in.layout().swap(0, 1));
        }
        long[] shape = {(long) stack.layers * stack.directions(), in.layout().size(1), state};
        Tensor[] last = new Tensor[states.length];
        for (int i = 0; i < states.length; i++) {
            last[i] = operation.create(shape, type);
            if (last[i].layout().count() == 0) {
                continue;
            }
            if (states[i] == null) {
                operation.backend.fill(last[i], Scalar.of(0));
            } else {
                operation.backend.copy(states[i], last[i]);
            }
        }
        List<Tensor> wide = parameters.stream().map(p -> operation.cast(p, type)).toList();
        Recurrent recurrent =
                new Recurrent(
                        operation, stack, in, wide, last[0], last.length > 1 ? last[1] : null);
        Tensor[] results = new Tensor[1 + last.length];
        results[0] = recurrent.layers(in);
        System.arraycopy(last, 0, results, 1, last.length);
        for (int i = 0; i < results.length; i++) {
            results[i] = operation.cast(results[i], given);
        }
        return results;
    }

    /** Returns parameters with the biases of each direction behind its weights. */
    private static List<Tensor> ordered(Stack stack, List<Tensor> params) {
        boolean weightsFirst =
                stack.bidirectional
                        && stack.hasBiases
                        && params.size() % 8 == 0
                        && params.size() > 2
                        && params.get(2).layout().rank() == 2;
        if (!weightsFirst) {
            return params;
        }
        List<Tensor> ordered = new ArrayList<>();
        for (int layer = 0; layer < params.size(); layer += 8) {
            for (int at : new int[] {0, 1, 4, 5, 2, 3, 6, 7}) {
                ordered.add(params.get(layer + at));
            }
        }
        return ordered;
    }

    /** Checks all shapes and returns the length of a state. */
    private static long check(Stack stack, Tensor input, Tensor[] states, List<Tensor> parameters) {
        Layout in = input.layout();
        int expected = stack.layers * stack.directions() * stack.parameters();
        if (in.rank() != 3 || stack.layers < 1 || parameters.size() != expected) {
            throw new IllegalArgumentException(
                    stack.name
                            + " of an input of shape "
                            + Arrays.toString(in.shape())
                            + " with "
                            + parameters.size()
                            + " parameters: the input needs three axes, steps, batch and width, and "
                            + stack.layers
                            + " layers in "
                            + stack.directions()
                            + " directions need "
                            + expected
                            + " parameters.");
        }
        Dropout.check(stack.dropRate, stack.name + "'s dropRate");
        Layout first = parameters.get(1).layout();
        long length = first.rank() == 2 ? first.size(1) : -1;
        long gates = stack.cell.gates * length;
        for (int i = 0; i < expected; i++) {
            int layer = i / stack.parameters() / stack.directions();
            long width = layer == 0 ? in.size(2) : stack.directions() * length;
            long[] shape =
                    switch (i % stack.parameters()) {
                        case 0 -> new long[] {gates, width};
                        case 1 -> new long[] {gates, length};
                        default -> new long[] {gates};
                    };
            check(stack, "parameter " + i, parameters.get(i).layout(), shape);
        }
        long[] shape = {
            (long) stack.layers * stack.directions(), in.size(stack.batchFirst ? 0 : 1), length
        };
        for (Tensor state : states) {
            if (state != null) {
                check(stack, "a state", state.layout(), shape);
            }
        }
        return length;
    }

    private static void check(Stack stack, String what, Layout layout, long[] shape) {
        if (!Arrays.equals(layout.shape(), shape)) {
            throw new IllegalArgumentException(
                    stack.name
                            + " needs "
                            + what
                            + " of shape "
                            + Arrays.toString(shape)
                            + ", not "
                            + Arrays.toString(layout.shape())
                            + ".");
        }
    }

    private Tensor layers(Tensor in) {
        Tensor current = in;
        for (int layer = 0; layer < stack.layers; layer++) {
            if (layer > 0 && stack.dropRate > 0) {
                current = Dropout.apply(operation, current, stack.dropRate);
            }
            current = layer(current, layer);
        }
        return stack.batchFirst ? current.with(current.layout().swap(0, 1)) : current;
    }

    private Tensor layer(Tensor in, int layer) {
        int directions = stack.directions();
        long width = directions * length;
        Tensor out;
        if (stack.batchFirst && layer == stack.layers - 1) {
            out = operation.create(new long[] {batch, steps, width}, type);
            out = out.with(out.layout().swap(0, 1));
        } else {
            out = operation.create(new long[] {steps, batch, width}, type);
        }
        if (out.layout().count() == 0) {
            return out;
        }
        for (int direction = 0; direction < directions; direction++) {
            direction(in, layer * directions + direction, direction == 1, out);
        }
        return out;
    }

    private void direction(Tensor in, int index, boolean backwards, Tensor out) {
        int at = index * stack.parameters();
        Tensor ofInput = transposed(parameters.get(at));
        Tensor ofState = transposed(parameters.get(at + 1));
        Tensor inputs = ArrayProducts.multiply(operation, in, ofInput, stack.name);
        Tensor stateBias = null;
        if (stack.hasBiases) {
            add(inputs, parameters.get(at + 2));
            stateBias = operation.dense(parameters.get(at + 3));
            if (stack.cell != Cell.GRU) {
                add(inputs, stateBias);
            }
        }
        Tensor last = hidden.with(hidden.layout().select(0, index));
        Layout places = out.layout().slice(2, backwards ? length : 0, length, 1);
        try (Weight weight = Weight.of(operation, ofState)) {
            Step step =
                    new Step(
                            weight,
                            stateBias,
                            operation.create(new long[] {batch, stack.cell.gates * length}, type),
                            operation.create(new long[] {batch, length}, type),
                            cells == null ? null : cells.with(cells.layout().select(0, index)));
            Tensor before = last;
            for (long t = 0; t < steps; t++) {
                long time = backwards ? steps - 1 - t : t;
                Tensor after = out.with(places.select(0, time));
                run(step, inputs.with(inputs.layout().select(0, time)), before, after);
                before = after;
            }
            operation.backend.copy(before, last);
        }
    }

    /**
     * A state's weight (length, gates · length), which every step multiplies by.
     *
     * @param packed in the order for repeated products, or null
     * @param plain as it is otherwise
     */
    private record Weight(Operation operation, PackedMatrix packed, Tensor plain)
            implements AutoCloseable {

        static Weight of(Operation operation, Tensor weight) {
            if (weight.dataType() == DataType.FLOAT32) {
                PackedMatrix packed = operation.backend.pack(weight, MathMode.FLOAT32);
                return new Weight(operation, packed, null);
            }
            return new Weight(operation, null, operation.copy(weight, weight.dataType()));
        }

        /** out = state · weight [+ bias] [+ added]. */
        void multiply(Tensor state, Tensor bias, Tensor added, Tensor out) {
            if (packed != null) {
                operation.backend.linear(state, packed, bias, Activation.NONE, added, out);
                return;
            }
            operation.backend.matmul(state, plain, out);
            for (Tensor summand : new Tensor[] {bias, added}) {
                if (summand != null) {
                    Tensor all = ArrayArithmetic.stretch(summand, out.layout().shape());
                    operation.backend.binary(BinaryOp.ADD, out, all, out);
                }
            }
        }

        @Override
        public void close() {
            if (packed != null) {
                packed.close();
            }
        }
    }

    private static Tensor transposed(Tensor weight) {
        return weight.with(weight.layout().swap(0, 1));
    }

    private void add(Tensor inputs, Tensor bias) {
        binary(
                BinaryOp.ADD,
                inputs,
                ArrayArithmetic.stretch(bias, inputs.layout().shape()),
                inputs);
    }

    /**
     * What the steps of a direction share.
     *
     * @param bias of the state, which a GRU keeps apart, or null
     * @param gates space for (batch, gates · length)
     * @param space for (batch, length)
     * @param cells the cell states, changed in place, or null
     */
    private record Step(Weight weight, Tensor bias, Tensor gates, Tensor space, Tensor cells) {}

    /** Computes a step from what the inputs contribute to the gates. */
    private void run(Step step, Tensor inputs, Tensor before, Tensor after) {
        switch (stack.cell) {
            case RNN_RELU, RNN_TANH -> {
                step.weight.multiply(before, null, inputs, step.gates);
                boolean relu = stack.cell == Cell.RNN_RELU;
                operation.backend.unary(relu ? UnaryOp.RELU : UnaryOp.TANH, step.gates, after);
            }
            case GRU -> gru(step, inputs, before, after);
            case LSTM -> lstm(step, inputs, before, after);
        }
    }

    /** h' = (1 − z) · n + z · h, with n = tanh(inputs + r · product). */
    private void gru(Step step, Tensor inputs, Tensor before, Tensor after) {
        step.weight.multiply(before, step.bias, null, step.gates);
        Tensor both = gates(step.gates, 0, 2);
        binary(BinaryOp.ADD, both, gates(inputs, 0, 2), both);
        operation.backend.unary(UnaryOp.SIGMOID, both, both);
        Tensor reset = gates(step.gates, 0, 1);
        Tensor update = gates(step.gates, 1, 1);
        Tensor fresh = gates(step.gates, 2, 1);
        binary(BinaryOp.MULTIPLY, fresh, reset, fresh);
        binary(BinaryOp.ADD, fresh, gates(inputs, 2, 1), fresh);
        operation.backend.unary(UnaryOp.TANH, fresh, fresh);
        binary(BinaryOp.SUBTRACT, before, fresh, step.space);
        binary(BinaryOp.MULTIPLY, step.space, update, step.space);
        binary(BinaryOp.ADD, step.space, fresh, after);
    }

    /** c' = f · c + i · g; h' = o · tanh(c'). */
    private void lstm(Step step, Tensor inputs, Tensor before, Tensor after) {
        step.weight.multiply(before, null, inputs, step.gates);
        Tensor both = gates(step.gates, 0, 2);
        Tensor cell = gates(step.gates, 2, 1);
        Tensor output = gates(step.gates, 3, 1);
        operation.backend.unary(UnaryOp.SIGMOID, both, both);
        operation.backend.unary(UnaryOp.TANH, cell, cell);
        operation.backend.unary(UnaryOp.SIGMOID, output, output);
        binary(BinaryOp.MULTIPLY, gates(step.gates, 1, 1), step.cells, step.cells);
        binary(BinaryOp.MULTIPLY, gates(step.gates, 0, 1), cell, step.space);
        binary(BinaryOp.ADD, step.cells, step.space, step.cells);
        operation.backend.unary(UnaryOp.TANH, step.cells, step.space);
        binary(BinaryOp.MULTIPLY, output, step.space, after);
    }

    private void binary(BinaryOp op, Tensor a, Tensor b, Tensor out) {
        operation.backend.binary(op, a, b, out);
    }

    private Tensor gates(Tensor all, int first, int count) {
        return all.with(all.layout().slice(1, first * length, count * length, 1));
    }
}
