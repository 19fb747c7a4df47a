package org.oktoblas.engine;

import static org.oktoblas.engine.ComplexTensors.isComplex;
import static org.oktoblas.engine.ComplexTensors.pairs;
import static org.oktoblas.engine.ComplexTensors.part;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Arithmetic of complex numbers on a device that knows only that of their parts. */
final class ComplexMath {

    private final Backend device;

    ComplexMath(Backend device) {
        this.device = device;
    }

    /** Memory of one primitive, freed at its end. */
    private final class Temporaries implements AutoCloseable {

        private final List<Storage> held = new ArrayList<>();

        Tensor create(long[] shape, DataType type) {
            Layout layout = Layout.contiguous(shape);
            long bytes = Math.multiplyExact(layout.count(), (long) Types.bytes(type));
            Storage storage = device.allocate(Math.max(1, bytes));
            held.add(storage);
            return new Tensor(storage, type, layout);
        }

        /** Returns op(a, b) in a type that both have, if they are not numbers. */
        Tensor compute(BinaryOp op, Operand a, Operand b, long[] shape, DataType type) {
            Tensor out = create(shape, type);
            device.binary(op, a, b, out);
            return out;
        }

        /** Returns a part of an operand, widened. */
        Operand wide(Operand operand, int which) {
            Operand part = part(operand, which);
            if (part instanceof Scalar) {
                return part;
            }
            Tensor floats = (Tensor) part;
            Tensor doubles = create(floats.layout().shape(), DataType.FLOAT64);
            device.copy(floats, doubles);
            return doubles;
        }

        @Override
        public void close() {
            held.forEach(Storage::release);
        }
    }

    /** Computes a function; of the results only those of predicates are not complex. */
    void unary(UnaryOp op, Tensor in, Tensor out) {
        switch (op) {
            case NEGATE -> device.unary(op, pairs(in), pairs(out));
            case SQUARE -> multiply(in, in, out);
            case ABS -> absolute(in, out);
            case LOGICAL_NOT -> {
                truth(in, out);
                device.unary(op, out, out);
            }
            case IS_NAN, IS_INFINITE -> {
                try (Temporaries memory = new Temporaries()) {
                    long[] shape = out.layout().shape();
                    Tensor other = memory.create(shape, DataType.BOOLEAN);
                    device.unary(op, part(in, 0), out);
                    device.unary(op, part(in, 1), other);
                    device.binary(BinaryOp.LOGICAL_OR, out, other, out);
                }
            }
            default -> throw ComplexTensors.refusal("The function " + op);
        }
    }

    /** The magnitude, of type FLOAT32, in doubles, so that large parts' squares are finite. */
    private void absolute(Tensor in, Tensor out) {
        if (isComplex(out)) {
            throw ComplexTensors.refusal("The function ABS in place");
        }
        try (Temporaries memory = new Temporaries()) {
            Tensor real = (Tensor) memory.wide(in, 0);
            Tensor imaginary = (Tensor) memory.wide(in, 1);
            device.unary(UnaryOp.SQUARE, real, real);
            device.unary(UnaryOp.SQUARE, imaginary, imaginary);
            device.binary(BinaryOp.ADD, real, imaginary, real);
            device.unary(UnaryOp.SQRT, real, real);
            device.copy(real, out);
        }
    }

    /** Writes whether elements are not zero. */
    void truth(Tensor in, Tensor out) {
        binary(BinaryOp.NOT_EQUAL, in, Scalar.of(0), out);
    }

    /** Computes a function of complex tensors, or of one and a number. */
    void binary(BinaryOp op, Operand a, Operand b, Tensor out) {
        switch (op) {
            case ADD, SUBTRACT -> {
                device.binary(op, part(a, 0), part(b, 0), part(out, 0));
                device.binary(op, part(a, 1), part(b, 1), part(out, 1));
            }
            case MULTIPLY -> multiply(a, b, out);
            case DIVIDE -> divide(a, b, out);
            case EQUAL, NOT_EQUAL -> {
                try (Temporaries memory = new Temporaries()) {
                    long[] shape = out.layout().shape();
                    Tensor real =
                            memory.compute(op, part(a, 0), part(b, 0), shape, DataType.BOOLEAN);
                    device.binary(op, part(a, 1), part(b, 1), out);
                    boolean both = op == BinaryOp.EQUAL;
                    device.binary(
                            both ? BinaryOp.LOGICAL_AND : BinaryOp.LOGICAL_OR, real, out, out);
                }
            }
            case LOGICAL_AND, LOGICAL_OR, LOGICAL_XOR -> logical(op, a, b, out);
            default -> throw ComplexTensors.refusal("The function " + op);
        }
    }

    private void logical(BinaryOp op, Operand a, Operand b, Tensor out) {
        if (!isComplex(a) || !isComplex(b)) {
            throw ComplexTensors.refusal("The function " + op + " with a number");
        }
        try (Temporaries memory = new Temporaries()) {
            long[] shape = out.layout().shape();
            Tensor left = memory.create(shape, DataType.BOOLEAN);
            Tensor right = memory.create(shape, DataType.BOOLEAN);
            truth((Tensor) a, left);
            truth((Tensor) b, right);
            device.binary(op, left, right, out);
        }
    }

    /** (a + ib) (c + id) = ac − bd + i (ad + bc). */
    private void multiply(Operand x, Operand y, Tensor out) {
        if (x instanceof Scalar || y instanceof Scalar) {
            device.binary(BinaryOp.MULTIPLY, all(x), all(y), pairs(out));
            return;
        }
        try (Temporaries memory = new Temporaries()) {
            long[] shape = out.layout().shape();
            Tensor ac = product(memory, x, 0, y, 0, shape);
            Tensor bd = product(memory, x, 1, y, 1, shape);
            Tensor ad = product(memory, x, 0, y, 1, shape);
            Tensor bc = product(memory, x, 1, y, 0, shape);
            device.binary(BinaryOp.SUBTRACT, ac, bd, part(out, 0));
            device.binary(BinaryOp.ADD, ad, bc, part(out, 1));
        }
    }

    private static Tensor product(
            Temporaries memory, Operand x, int i, Operand y, int j, long[] shape) {
        return memory.compute(BinaryOp.MULTIPLY, part(x, i), part(y, j), shape, DataType.FLOAT32);
    }

    private static Operand all(Operand operand) {
        return operand instanceof Tensor ? pairs((Tensor) operand) : operand;
    }

    /**
     * (a + ib) / (c + id) = (ac + bd + i (bc − ad)) / (c² + d²), in doubles, in which the squares
     * of floats neither overflow nor vanish.
     */
    private void divide(Operand x, Operand y, Tensor out) {
        if (y instanceof Scalar) {
            device.binary(BinaryOp.DIVIDE, all(x), y, pairs(out));
            return;
        }
        try (Temporaries memory = new Temporaries()) {
            long[] shape = out.layout().shape();
            DataType type = DataType.FLOAT64;
            Operand a = memory.wide(x, 0);
            Operand b = memory.wide(x, 1);
            Operand c = memory.wide(y, 0);
            Operand d = memory.wide(y, 1);
            Tensor ac = memory.compute(BinaryOp.MULTIPLY, a, c, shape, type);
            Tensor bd = memory.compute(BinaryOp.MULTIPLY, b, d, shape, type);
            Tensor bc = memory.compute(BinaryOp.MULTIPLY, b, c, shape, type);
            Tensor ad = memory.compute(BinaryOp.MULTIPLY, a, d, shape, type);
            Tensor size = memory.compute(BinaryOp.MULTIPLY, c, c, shape, type);
            device.binary(BinaryOp.ADD, ac, bd, ac);
            device.binary(BinaryOp.SUBTRACT, bc, ad, bc);
            device.binary(BinaryOp.MULTIPLY, d, d, bd);
            device.binary(BinaryOp.ADD, size, bd, size);
            device.binary(BinaryOp.DIVIDE, ac, size, ac);
            device.binary(BinaryOp.DIVIDE, bc, size, bc);
            device.copy(ac, part(out, 0));
            device.copy(bc, part(out, 1));
        }
    }

    /** The product of complex matrices by four of their parts. */
    void matmul(Tensor a, Tensor b, Tensor out) {
        try (Temporaries memory = new Temporaries()) {
            long[] shape = out.layout().shape();
            Tensor[] products = new Tensor[4];
            for (int i = 0; i < products.length; i++) {
                products[i] = memory.create(shape, DataType.FLOAT32);
                device.matmul(part(a, i / 2), part(b, i % 2), products[i]);
            }
            device.binary(BinaryOp.SUBTRACT, products[0], products[3], part(out, 0));
            device.binary(BinaryOp.ADD, products[1], products[2], part(out, 1));
        }
    }
}
