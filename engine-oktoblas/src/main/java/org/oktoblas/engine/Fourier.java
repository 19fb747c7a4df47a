package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Discrete Fourier transforms X(k) = Σ x(j) exp(±2πi jk / n), not scaled, of many sequences at
 * once, made of matrix products.
 *
 * <p>Complex sequences are planes: shape (B, 2, n), the real parts before the imaginary ones, so
 * that a complex product is a real one by a matrix of blocks ((c, −s), (s, c)). A length that has a
 * factor of at most {@link #LARGEST} is split as by Cooley and Tukey: with n = n1·n2, j = j1·n2 +
 * j2 and k = k1 + n1·k2, transforms of length n1 over j1, a factor exp(±2πi k1·j2 / n), and
 * transforms of length n2 over j2. A length without such a factor becomes a convolution, as by
 * Bluestein.
 */
final class Fourier {

    /** The longest transform by a single matrix. */
    private static final int LARGEST = 64;

    private final Operation operation;
    private final DataType type;
    private final int sign;

    /**
     * Makes transforms in one direction.
     *
     * @param type FLOAT32 or FLOAT64
     */
    Fourier(Operation operation, DataType type, boolean inverse) {
        this.operation = operation;
        this.type = type;
        sign = inverse ? 1 : -1;
    }

    /**
     * Transforms sequences.
     *
     * @param planes (B, 2, n), or (B, 1, n) for real numbers, contiguous and not empty
     * @return (B, 2, n), contiguous
     */
    Tensor transform(Tensor planes) {
        long n = planes.layout().size(2);
        if (n <= LARGEST) {
            return direct(planes, n);
        }
        long factor = factor(n);
        return factor == 1 ? convolve(planes, n) : split(planes, factor, n / factor);
    }

    /** Returns the factor to split off, as even a part as there is, or 1. */
    private static long factor(long n) {
        int parts = (int) Math.ceil(Math.log(n) / Math.log(LARGEST));
        int even = (int) Math.ceil(Math.pow(n, 1.0 / parts) - 1e-9);
        for (int f = Math.max(2, even); f <= LARGEST; f++) {
            if (n % f == 0) {
                return f;
            }
        }
        for (int f = Math.min(LARGEST, even); f > 1; f--) {
            if (n % f == 0) {
                return f;
            }
        }
        return 1;
    }

    private Tensor direct(Tensor planes, long n) {
        long batch = planes.layout().size(0);
        long depth = planes.layout().size(1) * n;
        Tensor matrix = matrix(planes.layout().size(1), n);
        Tensor out = operation.create(new long[] {batch, 2, n}, type);
        operation.backend.matmul(
                shaped(planes, batch, depth),
                shaped(matrix, depth, 2 * n),
                shaped(out, batch, 2 * n));
        return out;
    }

    /** Returns the matrix (planes, n, 2, n) by which rows of planes are multiplied. */
    private Tensor matrix(long planes, long n) {
        Tensor roots = roots(n, n, n);
        Tensor matrix = operation.create(new long[] {planes, n, 2, n}, type);
        Tensor fromReal = matrix.with(matrix.layout().select(0, 0));
        operation.backend.copy(roots.with(roots.layout().permute(1, 0, 2)), fromReal);
        if (planes == 2) {
            Layout fromImaginary = matrix.layout().select(0, 1);
            operation.backend.unary(
                    UnaryOp.NEGATE, plane(roots, 0, 1), matrix.with(fromImaginary.select(1, 0)));
            operation.backend.copy(plane(roots, 0, 0), matrix.with(fromImaginary.select(1, 1)));
        }
        return matrix;
    }

    /** Returns cosines and sines, (2, rows, columns), of ±2π·row·column / n. */
    private Tensor roots(long rows, long columns, long n) {
        Tensor down = operation.create(new long[] {rows, 1}, DataType.FLOAT64);
        Tensor right = operation.create(new long[] {1, columns}, DataType.FLOAT64);
        operation.backend.arange(Scalar.of(0), Scalar.of(1), down);
        operation.backend.arange(Scalar.of(0), Scalar.of(1), right);
        long[] shape = {rows, columns};
        Tensor angles = operation.create(shape, DataType.FLOAT64);
        operation.backend.binary(
                BinaryOp.MULTIPLY,
                ArrayArithmetic.stretch(down, shape),
                ArrayArithmetic.stretch(right, shape),
                angles);
        return circle(angles, sign * 2 * Math.PI / n);
    }

    /** Returns cosines and sines, (2, …), of scaled angles, which it overwrites. */
    private Tensor circle(Tensor angles, double scale) {
        long[] shape = angles.layout().shape();
        long[] both = new long[shape.length + 1];
        both[0] = 2;
        System.arraycopy(shape, 0, both, 1, shape.length);
        Tensor out = operation.create(both, type);
        Tensor values = operation.create(shape, DataType.FLOAT64);
        operation.backend.binary(BinaryOp.MULTIPLY, angles, Scalar.of(scale), angles);
        operation.backend.unary(UnaryOp.COS, angles, values);
        operation.backend.copy(values, plane(out, 0, 0));
        operation.backend.unary(UnaryOp.SIN, angles, values);
        operation.backend.copy(values, plane(out, 0, 1));
        return out;
    }

    private Tensor split(Tensor planes, long n1, long n2) {
        long batch = planes.layout().size(0);
        long depth = planes.layout().size(1) * n1;
        Tensor matrix = matrix(planes.layout().size(1), n1);
        Layout columns = shaped(matrix, depth, 2 * n1).layout().swap(0, 1);
        Tensor first = operation.create(new long[] {batch, 2 * n1, n2}, type);
        operation.backend.matmul(
                matrix.with(columns.broadcastTo(batch, 2 * n1, depth)),
                shaped(planes, batch, depth, n2),
                first);
        first = shaped(first, batch, 2, n1, n2);
        Tensor turned = operation.create(new long[] {batch, n1, 2, n2}, type);
        multiply(first, roots(n1, n2, n1 * n2), turned.with(turned.layout().swap(1, 2)));
        Tensor second = transform(shaped(turned, batch * n1, 2, n2));
        second = shaped(second, batch, n1, 2, n2);
        // What the first transforms left is not needed any more: its memory takes the result.
        Tensor out = shaped(first, batch, 2, n2, n1);
        operation.backend.copy(second.with(second.layout().permute(0, 2, 3, 1)), out);
        return shaped(out, batch, 2, n1 * n2);
    }

    /**
     * Multiplies complex numbers.
     *
     * @param x (B, 1 or 2, …)
     * @param y (2, …), the same for all
     * @param out (B, 2, …), not x
     */
    private void multiply(Tensor x, Tensor y, Tensor out) {
        long[] shape = plane(x, 1, 0).layout().shape();
        Tensor cosine = ArrayArithmetic.stretch(plane(y, 0, 0), shape);
        Tensor sine = ArrayArithmetic.stretch(plane(y, 0, 1), shape);
        Tensor real = plane(x, 1, 0);
        operation.backend.binary(BinaryOp.MULTIPLY, real, cosine, plane(out, 1, 0));
        operation.backend.binary(BinaryOp.MULTIPLY, real, sine, plane(out, 1, 1));
        if (x.layout().size(1) == 1) {
            return;
        }
        Tensor imaginary = plane(x, 1, 1);
        Tensor product = operation.create(shape, type);
        operation.backend.binary(BinaryOp.MULTIPLY, imaginary, sine, product);
        operation.backend.binary(BinaryOp.SUBTRACT, plane(out, 1, 0), product, plane(out, 1, 0));
        operation.backend.binary(BinaryOp.MULTIPLY, imaginary, cosine, product);
        operation.backend.binary(BinaryOp.ADD, plane(out, 1, 1), product, plane(out, 1, 1));
    }

    /**
     * Bluestein's algorithm: as 2jk = j² + k² − (k − j)², with w(j) = exp(±πi j² / n) the transform
     * is X(k) = w(k) Σ x(j) w(j) · conj w(k − j), a convolution, computed by transforms of a power
     * of two.
     */
    private Tensor convolve(Tensor planes, long n) {
        long batch = planes.layout().size(0);
        long m = Long.highestOneBit(2 * n - 2) * 2;
        Tensor chirp = chirp(n);
        Tensor padded = zeros(batch, m);
        multiply(planes, chirp, padded.with(padded.layout().slice(2, 0, n, 1)));
        Fourier forward = new Fourier(operation, type, false);
        Tensor spectrum = forward.transform(padded);
        Tensor filter = forward.transform(filter(chirp, n, m));
        operation.backend.binary(BinaryOp.MULTIPLY, filter, Scalar.of(1.0 / m), filter);
        multiply(spectrum, filter.with(filter.layout().dropAxis(0)), padded);
        Tensor sums = new Fourier(operation, type, true).transform(padded);
        Tensor out = operation.create(new long[] {batch, 2, n}, type);
        multiply(sums.with(sums.layout().slice(2, 0, n, 1)), chirp, out);
        return out;
    }

    /** Returns exp(±πi j² / n) as (2, n). */
    private Tensor chirp(long n) {
        Tensor squares = operation.create(new long[] {n}, DataType.INT64);
        operation.backend.arange(Scalar.of(0), Scalar.of(1), squares);
        operation.backend.binary(BinaryOp.MULTIPLY, squares, squares, squares);
        // The angle repeats after 2n: whole numbers keep it exact.
        operation.backend.binary(BinaryOp.REMAINDER, squares, Scalar.of(2 * n), squares);
        return circle(operation.copy(squares, DataType.FLOAT64), sign * Math.PI / n);
    }

    /** Returns conj w(j) at j and at m − j, as (1, 2, m). */
    private Tensor filter(Tensor chirp, long n, long m) {
        Tensor filter = zeros(1, m);
        Layout front = filter.layout().select(0, 0).slice(1, 0, n, 1);
        Layout back = filter.layout().select(0, 0).slice(1, m - 1, n - 1, -1);
        operation.backend.copy(chirp, filter.with(front));
        operation.backend.copy(chirp.with(chirp.layout().slice(1, 1, n - 1, 1)), filter.with(back));
        Tensor sines = plane(filter, 1, 1);
        operation.backend.unary(UnaryOp.NEGATE, sines, sines);
        return filter;
    }

    private Tensor zeros(long batch, long n) {
        Tensor zeros = operation.create(new long[] {batch, 2, n}, type);
        operation.backend.fill(zeros, Scalar.of(0));
        return zeros;
    }

    private static Tensor shaped(Tensor dense, long... shape) {
        return dense.with(dense.layout().reshape(shape));
    }

    private static Tensor plane(Tensor tensor, int axis, int which) {
        return tensor.with(tensor.layout().select(axis, which));
    }
}
