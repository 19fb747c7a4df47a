package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.Constant;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;
import org.oktoblas.cuda.Operand;
import org.oktoblas.cuda.Workspace;

/**
 * The operations that compute every element by itself. All enqueue their work on a stream and
 * return; layouts may be any, and an output may be the same view as an input. Operations are named
 * as the engine names them, in lower camel case: {@code "geluTanh"}.
 *
 * <p>Floats of 16 bits are computed in float32; integers in 64 bits, and wrapped when stored.
 */
public final class Elementwise {

    private static final Constant ZERO = new Constant(0, 0);

    private final CudaDevice device;
    private final ElementCopies copies;
    private final WalkKernel[] choices = new WalkKernel[Long.BYTES + 1];
    private final Map<String, Prepared[]> unary = new ConcurrentHashMap<>();
    private final Map<String, Prepared[]> binary = new ConcurrentHashMap<>();
    private final Modes modes;

    /** Makes the operations of a device; each kernel is loaded when it is first used. */
    public Elementwise(CudaDevice device) {
        this.device = device;
        copies = new ElementCopies(device);
        for (int bytes = 1; bytes <= Long.BYTES; bytes *= 2) {
            choices[bytes] = WalkKernel.pair(device, "where_" + 8 * bytes, "vector" + bytes);
        }
        modes = Modes.of(device.kernel("where_8"));
    }

    /** An operation on elements of a type, with its kernel. */
    private record Prepared(Operation operation, WalkKernel kernel) {}

    /** Sets all elements; of a BOOL tensor, to whether the number is other than 0. */
    public void fill(CudaStream stream, Constant value, DeviceTensor out) {
        copies.fill(stream, value, out);
    }

    /** Writes start, start + step, start + 2·step, … in row-major order. */
    public void arange(CudaStream stream, Constant start, Constant step, DeviceTensor out) {
        copies.arange(stream, start, step, out);
    }

    /**
     * Copies elements between layouts of one shape. Where the types differ, floats become integers
     * towards zero (NaN 0, and what is too large for 64 bits the largest or lowest of them), and
     * anything but 0 becomes true.
     */
    public void copy(CudaStream stream, DeviceTensor in, DeviceTensor out) {
        copies.copy(stream, in, out);
    }

    /**
     * out = op(in); out has in's type, or BOOL for predicates.
     *
     * @throws UnsupportedOperationException if the operation is not defined for the type
     */
    public void unary(CudaStream stream, String op, DeviceTensor in, DeviceTensor out) {
        if (out.count() == 0) {
            return;
        }
        Prepared prepared = prepare(unary, true, op, in.type());
        int code = prepared.operation.code();
        switch (prepared.operation.way()) {
            case LIGHT, COSTLY -> map(stream, prepared.kernel, code, in, out);
            case PREDICATE ->
                    combine(
                            stream,
                            prepared.kernel,
                            code,
                            in,
                            op.equals("isNan") ? in : ZERO,
                            0,
                            out);
            case IDENTITY -> copy(stream, in, out);
            case NEVER -> fill(stream, ZERO, out);
        }
    }

    /**
     * out = op(a, b), both of out's shape or constants, and of one type; out has it too, or BOOL
     * for predicates.
     *
     * @throws UnsupportedOperationException if the operation is not defined for the type
     * @throws ArithmeticException if an integer is divided by 0; the stream is then waited for
     */
    public void binary(CudaStream stream, String op, Operand a, Operand b, DeviceTensor out) {
        if (out.count() == 0) {
            return;
        }
        ElementType type =
                a instanceof DeviceTensor tensor
                        ? tensor.type()
                        : b instanceof DeviceTensor tensor ? tensor.type() : out.type();
        Prepared prepared = prepare(binary, false, op, type);
        Operation operation = prepared.operation;
        if (operation.way() == Operation.Way.COSTLY) {
            if (!type.isFloating() && !op.equals("power")) {
                divide(stream, prepared, a, b, out);
                return;
            }
            if (type.isFloating() && op.equals("power") && b instanceof Constant exponent) {
                power(stream, type, a, exponent, out);
                return;
            }
        }
        combine(stream, prepared.kernel, operation.code(), a, b, 0, out);
    }

    /** Multiplies out the powers that PyTorch multiplies out, too. */
    private void power(
            CudaStream stream, ElementType type, Operand a, Constant exponent, DeviceTensor out) {
        String multiplied =
                exponent.real() == 2
                        ? "square"
                        : exponent.real() == 3 ? "cube" : exponent.real() == 0.5 ? "sqrt" : null;
        if (multiplied != null && a instanceof DeviceTensor in) {
            unary(stream, multiplied, in, out);
            return;
        }
        Prepared prepared = prepare(binary, false, "powerOfConstant", type);
        combine(stream, prepared.kernel, prepared.operation.code(), a, exponent, 0, out);
    }

    private void divide(
            CudaStream stream, Prepared prepared, Operand a, Operand b, DeviceTensor out) {
        int code = prepared.operation.code();
        if (b instanceof Constant divisor) {
            if (divisor.integral() == 0) {
                throw divisionByZero();
            }
            combine(stream, prepared.kernel, code, a, b, 0, out);
            return;
        }
        ByteBuffer error = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder());
        try (Workspace flag = stream.workspace(Integer.BYTES)) {
            stream.fill(flag.address(), 0, Integer.BYTES);
            combine(stream, prepared.kernel, code, a, b, flag.address(), out);
            stream.download(flag.address(), error);
        }
        if (error.getInt(0) != 0) {
            throw divisionByZero();
        }
    }

    private static ArithmeticException divisionByZero() {
        return new ArithmeticException("Integer division by zero in an array.");
    }

    /** out = condition ? a : b; a and b have out's type, the condition is BOOL. */
    public void where(
            CudaStream stream, DeviceTensor condition, Operand a, Operand b, DeviceTensor out) {
        long count = out.count();
        if (count == 0) {
            return;
        }
        WalkKernel kernel = choices[out.type().bytes()];
        if (count <= Integer.MAX_VALUE
                && out.isDense()
                && condition.isDense()
                && isFlat(a)
                && isFlat(b)) {
            int width = kernel.widthOf(count);
            width = WalkKernel.aligned(WalkKernel.aligned(width, condition), out);
            width = aligned(aligned(width, a), b);
            int steps = (int) (count / width);
            Arguments arguments =
                    Arguments.start().pointer(out.address()).pointer(condition.address());
            chosen(arguments, a, b, null, out.type());
            arguments.int32(modes.each).int32(flatMode(a)).int32(flatMode(b)).int32(0);
            kernel.launch(stream, width, steps, Iteration.writeDense(arguments, 4, steps, width));
            return;
        }
        DeviceTensor left = a instanceof DeviceTensor tensor ? tensor : null;
        DeviceTensor right = b instanceof DeviceTensor tensor ? tensor : null;
        for (Iteration walk :
                Iteration.of(
                        out.shape(),
                        out.strides(),
                        condition.strides(),
                        strides(a, out),
                        strides(b, out))) {
            int width = width(kernel, walk.vector(kernel.width(), out, condition, left, right));
            Iteration steps = walk.vectorized(width);
            Arguments arguments =
                    Arguments.start().pointer(at(out, walk, 0)).pointer(at(condition, walk, 1));
            chosen(arguments, a, b, walk, out.type());
            arguments
                    .int32(modes.of(condition, walk, 1))
                    .int32(modes.of(a, walk, 2))
                    .int32(modes.of(b, walk, 3))
                    .int32(0);
            kernel.launch(stream, width, steps.count(), steps.write(arguments));
        }
    }

    private static void chosen(
            Arguments arguments, Operand a, Operand b, Iteration walk, ElementType type) {
        arguments.pointer(walk == null ? addressOf(a) : at(a, walk, 2));
        arguments.pointer(walk == null ? addressOf(b) : at(b, walk, 3));
        arguments.int64(a instanceof Constant constant ? ElementBits.of(type, constant) : 0);
        arguments.int64(b instanceof Constant constant ? ElementBits.of(type, constant) : 0);
    }

    // ---- one and two operands

    private void map(
            CudaStream stream, WalkKernel kernel, int code, DeviceTensor in, DeviceTensor out) {
        long count = out.count();
        if (count <= Integer.MAX_VALUE && in.isDense() && out.isDense()) {
            int width = WalkKernel.aligned(kernel.widthOf(count), in);
            width = WalkKernel.aligned(width, out);
            int steps = (int) (count / width);
            Arguments arguments =
                    Arguments.start()
                            .pointer(out.address())
                            .pointer(in.address())
                            .int32(code)
                            .int32(modes.each);
            kernel.launch(stream, width, steps, Iteration.writeDense(arguments, 2, steps, width));
            return;
        }
        for (Iteration walk : Iteration.of(out.shape(), out.strides(), in.strides())) {
            int width = width(kernel, walk.vector(kernel.width(), out, in));
            Iteration steps = walk.vectorized(width);
            Arguments arguments =
                    Arguments.start()
                            .pointer(at(out, walk, 0))
                            .pointer(at(in, walk, 1))
                            .int32(code)
                            .int32(modes.of(in, walk, 1));
            kernel.launch(stream, width, steps.count(), steps.write(arguments));
        }
    }

    private void combine(
            CudaStream stream,
            WalkKernel kernel,
            int code,
            Operand a,
            Operand b,
            long error,
            DeviceTensor out) {
        long count = out.count();
        if (count <= Integer.MAX_VALUE && out.isDense() && isFlat(a) && isFlat(b)) {
            int width = WalkKernel.aligned(kernel.widthOf(count), out);
            width = aligned(aligned(width, a), b);
            int steps = (int) (count / width);
            Arguments arguments = Arguments.start().pointer(out.address());
            source(arguments, a, addressOf(a));
            source(arguments, b, addressOf(b));
            arguments.int32(flatMode(a)).int32(flatMode(b)).int32(code).int32(0).pointer(error);
            kernel.launch(stream, width, steps, Iteration.writeDense(arguments, 3, steps, width));
            return;
        }
        DeviceTensor left = a instanceof DeviceTensor tensor ? tensor : null;
        DeviceTensor right = b instanceof DeviceTensor tensor ? tensor : null;
        for (Iteration walk :
                Iteration.of(out.shape(), out.strides(), strides(a, out), strides(b, out))) {
            int width = width(kernel, walk.vector(kernel.width(), out, left, right));
            Iteration steps = walk.vectorized(width);
            Arguments arguments = Arguments.start().pointer(at(out, walk, 0));
            source(arguments, a, at(a, walk, 1));
            source(arguments, b, at(b, walk, 2));
            arguments
                    .int32(modes.of(a, walk, 1))
                    .int32(modes.of(b, walk, 2))
                    .int32(code)
                    .int32(0)
                    .pointer(error);
            kernel.launch(stream, width, steps.count(), steps.write(arguments));
        }
    }

    /** Writes the struct {@code Source}. */
    private static void source(Arguments arguments, Operand operand, long address) {
        if (operand instanceof Constant constant) {
            arguments.pointer(0).float64(constant.real()).int64(constant.integral());
        } else {
            arguments.pointer(address).float64(0).int64(0);
        }
    }

    private Prepared prepare(
            Map<String, Prepared[]> known, boolean one, String op, ElementType type) {
        Prepared[] byType = known.get(op);
        if (byType == null) {
            byType = known.computeIfAbsent(op, name -> new Prepared[ElementType.values().length]);
        }
        Prepared prepared = byType[type.ordinal()];
        if (prepared == null) {
            // Several threads may do this at once, and find the same.
            prepared = prepare(one, op, type);
            byType[type.ordinal()] = prepared;
        }
        return prepared;
    }

    private Prepared prepare(boolean one, String op, ElementType type) {
        Operation operation =
                one
                        ? Operation.unary(op, type, symbol -> device.kernel(symbol).description())
                        : Operation.binary(op, type, symbol -> device.kernel(symbol).description());
        WalkKernel kernel =
                switch (operation.way()) {
                    case LIGHT, PREDICATE -> WalkKernel.pair(device, operation.kernel(), type);
                    case COSTLY -> WalkKernel.alone(device, operation.kernel(), "costlyGroups");
                    case IDENTITY, NEVER -> null;
                };
        return new Prepared(operation, kernel);
    }

    // ---- operands

    /** What kernels call constants, elements for a whole group, and elements for each place. */
    private record Modes(int constant, int repeated, int each) {

        static Modes of(CudaKernel kernel) {
            return new Modes(
                    kernel.constant("modeConstant"),
                    kernel.constant("modeRepeated"),
                    kernel.constant("modeEach"));
        }

        int of(Operand operand, Iteration walk, int tensor) {
            return operand instanceof Constant
                    ? constant
                    : walk.innerStride(tensor) == 0 ? repeated : each;
        }
    }

    private int flatMode(Operand operand) {
        return operand instanceof Constant ? modes.constant : modes.each;
    }

    /** Returns whether an operand goes along with dense memory step by step. */
    private static boolean isFlat(Operand operand) {
        return !(operand instanceof DeviceTensor tensor) || tensor.isDense();
    }

    private static int aligned(int width, Operand operand) {
        return operand instanceof DeviceTensor tensor ? WalkKernel.aligned(width, tensor) : width;
    }

    private static long addressOf(Operand operand) {
        return operand instanceof DeviceTensor tensor ? tensor.address() : 0;
    }

    private static long[] strides(Operand operand, DeviceTensor out) {
        return operand instanceof DeviceTensor tensor ? tensor.strides() : new long[out.rank()];
    }

    /** Returns where a piece of a walk begins in an operand; 0 for a constant. */
    private static long at(Operand operand, Iteration walk, int number) {
        return operand instanceof DeviceTensor tensor
                ? tensor.address() + walk.offset(number) * tensor.type().bytes()
                : 0;
    }

    /** Returns the twin's width if that is possible, and 1 otherwise. */
    private static int width(WalkKernel kernel, int possible) {
        return possible == kernel.width() ? possible : 1;
    }
}
