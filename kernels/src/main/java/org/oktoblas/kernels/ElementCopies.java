package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.Constant;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/** Copies, conversions, fills and sequences. */
final class ElementCopies {

    /** The most that is moved by one instruction. */
    private static final int WIDEST_BYTES = 16;

    private final CudaDevice device;
    private final CudaKernel[] copies = new CudaKernel[WIDEST_BYTES + 1];
    private final CudaKernel[] fills = new CudaKernel[WIDEST_BYTES + 1];
    private final CudaKernel[] transposes = new CudaKernel[Long.BYTES + 1];
    private final Cast[] casts = new Cast[ElementType.values().length];
    private final CudaKernel[] sequences = new CudaKernel[casts.length];
    private final int moves;
    private final int repeated;
    private final int each;

    /** A kernel that converts from one type, and what it calls the types that it converts to. */
    private record Cast(WalkKernel kernel, int[] codes) {}

    ElementCopies(CudaDevice device) {
        this.device = device;
        for (int bytes = 1; bytes <= WIDEST_BYTES; bytes *= 2) {
            copies[bytes] = device.kernel("copy_" + 8 * bytes);
            fills[bytes] = device.kernel("fill_" + 8 * bytes);
        }
        moves = copies[1].threads() * copies[1].constant("moves");
        repeated = copies[1].constant("modeRepeated");
        each = copies[1].constant("modeEach");
    }

    // ---- fills and sequences

    void fill(CudaStream stream, Constant value, DeviceTensor out) {
        ElementType type = out.type();
        long bits = type == ElementType.BOOL && value.real() != 0 ? 1 : ElementBits.of(type, value);
        long pattern = ElementBits.repeat(type, bits);
        if (pattern == ElementBits.repeat(ElementType.U8, pattern & 0xff) && out.isDense()) {
            stream.fill(out.address(), (int) pattern & 0xff, out.count() * type.bytes());
            return;
        }
        for (Iteration walk : Iteration.of(out.shape(), out.strides())) {
            int width = walk.vector(WIDEST_BYTES / type.bytes(), out);
            Iteration steps = walk.vectorized(width);
            Arguments arguments =
                    Arguments.start()
                            .pointer(at(out, walk, 0))
                            .int64(pattern)
                            .int32(type.bytes())
                            .int32(0);
            stream.launch(
                    fills[width * type.bytes()],
                    blocks(steps.count(), moves),
                    steps.write(arguments));
        }
    }

    void arange(CudaStream stream, Constant start, Constant step, DeviceTensor out) {
        if (out.count() == 0) {
            return;
        }
        CudaKernel kernel = sequences[out.type().ordinal()];
        if (kernel == null) {
            kernel = device.kernel("arange_" + out.type().suffix());
            sequences[out.type().ordinal()] = kernel;
        }
        int perBlock = kernel.threads() * kernel.constant("groups");
        long first = 0;
        for (Iteration walk : Iteration.inOrder(out.shape(), out.strides())) {
            Arguments arguments =
                    Arguments.start()
                            .pointer(at(out, walk, 0))
                            .float64(start.real())
                            .float64(step.real())
                            .int64(start.integral())
                            .int64(step.integral())
                            .int64(first);
            stream.launch(kernel, blocks(walk.count(), perBlock), walk.write(arguments));
            first += walk.count();
        }
    }

    // ---- copies

    void copy(CudaStream stream, DeviceTensor in, DeviceTensor out) {
        if (in.type() != out.type()) {
            cast(stream, in, out);
        } else if (in.isDense() && out.isDense()) {
            copyBytes(stream, in.address(), out.address(), out.count() * out.type().bytes());
        } else {
            for (Iteration walk : Iteration.of(out.shape(), out.strides(), in.strides())) {
                copy(stream, walk, in, out);
            }
        }
    }

    private static void copyBytes(CudaStream stream, long from, long to, long bytes) {
        if (from != to) {
            stream.copy(from, to, bytes);
        }
    }

    private void copy(CudaStream stream, Iteration walk, DeviceTensor in, DeviceTensor out) {
        int bytes = out.type().bytes();
        long from = at(in, walk, 1);
        long to = at(out, walk, 0);
        if (walk.rank() == 0
                || walk.rank() == 1 && walk.innerStride(0) == 1 && walk.innerStride(1) == 1) {
            copyBytes(stream, from, to, (long) walk.count() * bytes);
            return;
        }
        int turned = Transposition.axis(walk);
        if (turned >= 0) {
            transpose(stream, Transposition.of(walk, turned), bytes, from, to);
            return;
        }
        // A repeated element is not a group of neighbours.
        int width = walk.innerStride(1) == 0 ? 1 : walk.vector(WIDEST_BYTES / bytes, out, in);
        Iteration steps = walk.vectorized(width);
        Arguments arguments = Arguments.start().pointer(to).pointer(from).int32(bytes).int32(0);
        stream.launch(copies[width * bytes], blocks(steps.count(), moves), steps.write(arguments));
    }

    private void transpose(
            CudaStream stream, Transposition transposition, int bytes, long from, long to) {
        CudaKernel kernel = transposes[bytes];
        if (kernel == null) {
            kernel = device.kernel("transpose_" + 8 * bytes);
            transposes[bytes] = kernel;
        }
        int tile = kernel.constant("tile");
        for (Iteration matrices : transposition.matrices()) {
            Arguments arguments =
                    Arguments.start()
                            .pointer(to + matrices.offset(0) * bytes)
                            .pointer(from + matrices.offset(1) * bytes)
                            .int64(transposition.outStride())
                            .int64(transposition.inStride())
                            .int32(transposition.rows())
                            .int32(transposition.columns());
            stream.launch(
                    kernel,
                    transposition.tiles(tile) * matrices.count(),
                    matrices.write(arguments));
        }
    }

    private void cast(CudaStream stream, DeviceTensor in, DeviceTensor out) {
        long count = out.count();
        if (count == 0) {
            return;
        }
        Cast cast = casting(in.type());
        WalkKernel kernel = cast.kernel;
        int type = cast.codes[out.type().ordinal()];
        if (count <= Integer.MAX_VALUE && in.isDense() && out.isDense()) {
            int width = WalkKernel.aligned(kernel.widthOf(count), in);
            width = WalkKernel.aligned(width, out);
            int steps = (int) (count / width);
            Arguments arguments =
                    Arguments.start()
                            .pointer(out.address())
                            .pointer(in.address())
                            .int32(type)
                            .int32(each);
            kernel.launch(stream, width, steps, Iteration.writeDense(arguments, 2, steps, width));
            return;
        }
        for (Iteration walk : Iteration.of(out.shape(), out.strides(), in.strides())) {
            int width = walk.vector(kernel.width(), out, in) == kernel.width() ? kernel.width() : 1;
            Iteration steps = walk.vectorized(width);
            Arguments arguments =
                    Arguments.start()
                            .pointer(at(out, walk, 0))
                            .pointer(at(in, walk, 1))
                            .int32(type)
                            .int32(walk.innerStride(1) == 0 ? repeated : each);
            kernel.launch(stream, width, steps.count(), steps.write(arguments));
        }
    }

    private Cast casting(ElementType type) {
        Cast cast = casts[type.ordinal()];
        if (cast == null) {
            String symbol = "cast_" + type.suffix();
            CudaKernel kernel = device.kernel(symbol);
            int[] codes = new int[casts.length];
            for (ElementType target : ElementType.values()) {
                codes[target.ordinal()] =
                        kernel.constant("type" + Operation.capitalized(target.suffix()));
            }
            cast = new Cast(WalkKernel.pair(device, symbol, "castVector"), codes);
            casts[type.ordinal()] = cast;
        }
        return cast;
    }

    private static long at(DeviceTensor tensor, Iteration walk, int number) {
        return tensor.address() + walk.offset(number) * tensor.type().bytes();
    }

    private static int blocks(int steps, int perBlock) {
        return (int) ((steps + perBlock - 1L) / perBlock);
    }
}
