package org.oktoblas.kernels;

import java.util.List;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;
import org.oktoblas.cuda.Workspace;

/** Computes products as {@link GemmPlan} plans them. */
final class Products {

    /** Rows of tiles that are walked together. */
    private static final long GROUP = 16;

    private final CudaDevice device;
    private final ElementCopies copies;

    Products(CudaDevice device) {
        this.device = device;
        copies = new ElementCopies(device);
    }

    ElementCopies copies() {
        return copies;
    }

    /**
     * Enqueues a product.
     *
     * @param left the left factor, whose type decides the arithmetic
     * @param right the right factor, of that type, or 16-bit floats that lie by depth beside
     *     float32
     * @param tf32 whether float32 may be rounded to TF32
     */
    void multiply(CudaStream stream, Factor left, Factor right, Product product, boolean tf32) {
        if (product.rows() == 0 || product.columns() == 0 || product.batch() == 0) {
            return;
        }
        GemmPlan.Size size =
                new GemmPlan.Size(product.rows(), product.columns(), left.depth(), product.batch());
        GemmPlan plan =
                GemmPlan.of(
                        size,
                        left.type(),
                        right.type(),
                        tf32,
                        product.isPlain(left.type()),
                        left.form(),
                        right.form(),
                        device.properties(),
                        symbol -> device.kernel(symbol).description());
        if (plan.blocks(plan.swapped() ? size.swapped() : size) > Integer.MAX_VALUE) {
            halve(stream, left, right, product, tf32);
        } else if (plan.swapped()) {
            run(stream, plan, right, left, product.swapped());
        } else {
            run(stream, plan, left, right, product);
        }
    }

    /** Computes two halves of what has more tiles than a launch has blocks. */
    private void halve(
            CudaStream stream, Factor left, Factor right, Product product, boolean tf32) {
        for (int i = 0; i < product.lead().length; i++) {
            long length = product.lead()[i];
            if (length > 1) {
                long half = length / 2;
                for (long from = 0; from < length; from += half) {
                    half = from == 0 ? half : length - from;
                    multiply(
                            stream,
                            left.partOfBatch(i, from, half),
                            right.partOfBatch(i, from, half),
                            product.partOfBatch(i, from, half),
                            tf32);
                }
                return;
            }
        }
        long rows = product.rows();
        long columns = product.columns();
        if (rows >= columns) {
            // At multiples that keep rows aligned.
            long half = rows / 2 & -64;
            multiply(
                    stream,
                    left.partOfRows(0, half),
                    right,
                    product.part(0, half, 0, columns),
                    tf32);
            multiply(
                    stream,
                    left.partOfRows(half, rows - half),
                    right,
                    product.part(half, rows - half, 0, columns),
                    tf32);
        } else {
            long half = columns / 2 & -64;
            multiply(stream, left, right.partOfRows(0, half), product.part(0, rows, 0, half), tf32);
            multiply(
                    stream,
                    left,
                    right.partOfRows(half, columns - half),
                    product.part(0, rows, half, columns - half),
                    tf32);
        }
    }

    private void run(CudaStream stream, GemmPlan plan, Factor left, Factor right, Product product) {
        Factor newLeft = plan.copiesLeft() ? packed(plan, left) : left;
        Factor newRight = plan.copiesRight() ? packed(plan, right) : right;
        try (Workspace forLeft = plan.copiesLeft() ? workspace(stream, newLeft) : null;
                Workspace forRight = plan.copiesRight() ? workspace(stream, newRight) : null) {
            if (forLeft != null) {
                newLeft = newLeft.at(forLeft.address());
                fill(stream, left, newLeft);
            }
            if (forRight != null) {
                newRight = newRight.at(forRight.address());
                fill(stream, right, newRight);
            }
            if (plan.splits() == 1) {
                launch(stream, plan, newLeft, newRight, product, 0);
                return;
            }
            ElementType sums = sums(left.type());
            Product layout = product.sumsAt(0, sums);
            long one = layout.batch() * layout.rows() * layout.rowStride();
            try (Workspace parts = stream.workspace(plan.splits() * one * sums.bytes())) {
                Product partial = product.sumsAt(parts.address(), sums);
                launch(stream, plan, newLeft, newRight, partial, one);
                addParts(stream, plan.splits(), partial, one, product);
            }
        }
    }

    private static Workspace workspace(CudaStream stream, Factor packed) {
        return stream.workspace(packed.packedBytes());
    }

    private static Factor packed(GemmPlan plan, Factor factor) {
        return plan.way() == GemmPlan.Way.TF32
                ? factor.packed(factor.type(), false)
                : factor.packed(factor.type());
    }

    /** Copies and converts a factor into an aligned form. */
    Factor convert(CudaStream stream, Factor factor, ElementType type, Workspace target) {
        Factor packed = factor.packed(type).at(target.address());
        fill(stream, factor, packed);
        return packed;
    }

    private void fill(CudaStream stream, Factor factor, Factor packed) {
        if (packed.isPadded()) {
            // Kernels copy 16 bytes at once, and use of them what exists.
            stream.fill(packed.address(), 0, packed.packedBytes());
        }
        copies.copy(stream, factor.distinct(), packed.distinct());
    }

    /** Returns the type in which sums are kept. */
    private static ElementType sums(ElementType type) {
        return switch (type) {
            case F32, F16, BF16 -> ElementType.F32;
            case F64 -> ElementType.F64;
            default -> ElementType.I64;
        };
    }

    private void launch(
            CudaStream stream,
            GemmPlan plan,
            Factor left,
            Factor right,
            Product product,
            long splitStride) {
        CudaKernel kernel = device.kernel(plan.symbol());
        long rowTiles = GemmPlan.ceil(product.rows(), plan.tileRows());
        long columnTiles = GemmPlan.ceil(product.columns(), plan.tileColumns());
        boolean vector = product.isVector();
        for (Iteration batch : batch(product, left.leadStrides(), right.leadStrides())) {
            Arguments arguments =
                    Arguments.start()
                            .pointer(left.address() + batch.offset(1) * left.type().bytes())
                            .pointer(right.address() + batch.offset(2) * right.type().bytes());
            product.write(arguments, batch.offset(0), kernel.description(), vector)
                    .int64(product.rows())
                    .int64(product.columns())
                    .int64(left.depth())
                    .int64(left.rowStride())
                    .int64(left.depthStride())
                    .int64(right.depthStride())
                    .int64(right.rowStride())
                    .int64(splitStride)
                    .int32(plan.splitDepth())
                    .int32(plan.splits())
                    .int32((int) rowTiles)
                    .int32((int) columnTiles)
                    .int32((int) Math.min(GROUP, rowTiles))
                    .int32(plan.stages())
                    .int32(left.form() == Factor.Form.BY_DEPTH ? 1 : 0)
                    .int32(right.form() == Factor.Form.BY_DEPTH ? 1 : 0);
            batch.write(arguments);
            int blocks = (int) (rowTiles * columnTiles * plan.splits() * batch.count());
            stream.launch(kernel, blocks, 1, 1, plan.sharedBytes(), arguments);
        }
    }

    private static List<Iteration> batch(Product product, long[] left, long[] right) {
        return Iteration.of(product.lead(), product.leadStrides(), left, right);
    }

    /** Adds up the parts of a split product, and finishes it. */
    private void addParts(
            CudaStream stream, int splits, Product parts, long splitStride, Product product) {
        boolean floats = parts.type() == ElementType.F32;
        CudaKernel kernel =
                device.kernel("sum_parts_" + (floats ? "f32" : product.type().suffix()));
        boolean vector = floats && product.isVector();
        long[] none = new long[product.lead().length];
        for (Iteration batch : batch(product, parts.leadStrides(), none)) {
            Arguments arguments =
                    Arguments.start()
                            .pointer(parts.address() + batch.offset(1) * parts.type().bytes())
                            .pointer(0);
            product.write(arguments, batch.offset(0), kernel.description(), vector)
                    .int64(product.rows())
                    .int64(product.columns())
                    .int64(0)
                    .int64(parts.rowStride())
                    .int64(0)
                    .int64(0)
                    .int64(0)
                    .int64(splitStride)
                    .int32(0)
                    .int32(splits)
                    .int32(0)
                    .int32(0)
                    .int32(0)
                    .int32(0)
                    .int32(0)
                    .int32(0);
            batch.write(arguments);
            long threads = product.rows() * product.columns() * batch.count() / (vector ? 4 : 1);
            stream.launch(kernel, (int) GemmPlan.ceil(threads, kernel.threads()), arguments);
        }
    }
}
