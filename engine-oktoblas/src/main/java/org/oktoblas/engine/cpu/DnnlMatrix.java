package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A constant right-hand side in oneDNN's own layout. Weights stored in 16 bits stay so in memory,
 * which halves what a product of few rows has to read, and are multiplied as float32 all the same.
 */
final class DnnlMatrix implements PackedMatrix {

    private static final Logger LOGGER = LoggerFactory.getLogger(DnnlMatrix.class);
    private static final AtomicBoolean ROUNDING_REPORTED = new AtomicBoolean();

    /** The layout is chosen for this many rows and serves any number well. */
    private static final long TYPICAL_ROWS = 128;

    private static final long PRODUCT = 1;

    private final CpuMemory memory;
    private final long rows;
    private final long columns;
    private final Kind kind;
    private final WeightGrid grid;
    private final CpuStorage storage;

    /** Where each piece begins: the parts of the first block, then those of the second, … */
    private final long[] offsets;

    /**
     * How a product computes.
     *
     * @param source oneDNN's type of the left-hand side
     * @param weights oneDNN's type of the weights
     * @param stored the same as ours
     * @param rounding the type that both sides are rounded to before they are multiplied as
     *     float32, or null
     */
    private record Kind(int source, int weights, DataType stored, DataType rounding) {

        static final Kind FLOAT32 = new Kind(dnnl_f32, dnnl_f32, DataType.FLOAT32, null);
        static final Kind BFLOAT16 = new Kind(dnnl_bf16, dnnl_bf16, DataType.BFLOAT16, null);
        static final Kind MIXED_FLOAT16 = new Kind(dnnl_f32, dnnl_f16, DataType.FLOAT16, null);
        static final Kind MIXED_BFLOAT16 = new Kind(dnnl_f32, dnnl_bf16, DataType.BFLOAT16, null);

        /** Returns this way of computing with both sides rounded to a type first. */
        Kind rounded(DataType type) {
            return new Kind(source, weights, stored, type);
        }

        boolean isMixed() {
            return source != weights;
        }
    }

    private DnnlMatrix(CpuMemory memory, long rows, long columns, Kind kind, WeightGrid grid) {
        this.memory = memory;
        this.rows = rows;
        this.columns = columns;
        this.kind = kind;
        this.grid = grid;
        long size = 0;
        offsets = new long[grid.parts() * grid.blocks()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = size;
            long bytes = dnnl_memory_desc_get_size(layout(i % grid.parts(), i / grid.parts()));
            size += (bytes + 63) / 64 * 64;
        }
        storage = memory.allocate(size);
    }

    /**
     * Packs a matrix (K, N).
     *
     * @return null if oneDNN has no fast way to multiply by it on this processor
     */
    static DnnlMatrix pack(CpuMemory memory, Tensor matrix, MathMode mode) {
        if (matrix.layout().count() == 0) {
            return null;
        }
        if (mode == MathMode.BFLOAT16) {
            DnnlMatrix packed = pack(memory, matrix, Kind.BFLOAT16);
            if (packed == null && ROUNDING_REPORTED.compareAndSet(false, true)) {
                LOGGER.info(
                        "This processor has no fast bfloat16 products: operands are rounded to"
                                + " bfloat16 and multiplied in float32.");
            }
            return packed != null
                    ? packed
                    : pack(memory, matrix, Kind.FLOAT32.rounded(DataType.BFLOAT16));
        }
        if (mode == MathMode.FLOAT16) {
            DnnlMatrix packed = pack(memory, matrix, Kind.MIXED_FLOAT16.rounded(DataType.FLOAT16));
            return packed != null
                    ? packed
                    : pack(memory, matrix, Kind.FLOAT32.rounded(DataType.FLOAT16));
        }
        DnnlMatrix packed =
                switch (matrix.dataType()) {
                    case FLOAT16 -> pack(memory, matrix, Kind.MIXED_FLOAT16);
                    case BFLOAT16 -> pack(memory, matrix, Kind.MIXED_BFLOAT16);
                    default -> null;
                };
        return packed != null ? packed : pack(memory, matrix, Kind.FLOAT32);
    }

    private static DnnlMatrix pack(CpuMemory memory, Tensor matrix, Kind kind) {
        long rows = matrix.layout().size(0);
        long columns = matrix.layout().size(1);
        WeightGrid grid =
                WeightGrid.of(rows, columns, kind.stored().getNumOfBytes(), kind.isMixed());
        for (int part = 0; part < grid.parts(); part += Math.max(1, grid.parts() - 1)) {
            for (int block = 0; block < grid.blocks(); block += Math.max(1, grid.blocks() - 1)) {
                if (layout(kind, grid, part, block) == null) {
                    return null;
                }
            }
        }
        DnnlMatrix packed = new DnnlMatrix(memory, rows, columns, kind, grid);
        try {
            packed.fill(matrix);
        } catch (RuntimeException | Error e) {
            packed.close();
            throw e;
        }
        return packed;
    }

    private static dnnl_memory_desc layout(Kind kind, WeightGrid grid, int part, int block) {
        return DnnlOperations.weightLayout(
                kind.source(),
                kind.weights(),
                TYPICAL_ROWS,
                grid.depthOf(part),
                grid.widthOf(block));
    }

    private dnnl_memory_desc layout(int part, int block) {
        return layout(kind, grid, part, block);
    }

    /** Brings a matrix into order, part by part. */
    private void fill(Tensor matrix) {
        Tensor source = matrix;
        try {
            if (kind.rounding() != null && source.dataType() != kind.rounding()) {
                source = converted(memory, source, kind.rounding(), matrix);
            }
            if (source.dataType() != kind.stored() || !DnnlProducts.Matrix.fits(source.layout())) {
                source = converted(memory, source, kind.stored(), matrix);
            }
            Tensor plain = source;
            Parallel.run(
                    offsets.length,
                    1,
                    (start, end) -> {
                        for (int i = (int) start; i < end; i++) {
                            fill(plain, i % grid.parts(), i / grid.parts());
                        }
                    });
        } finally {
            if (source != matrix) {
                source.storage().release();
            }
        }
    }

    private void fill(Tensor matrix, int part, int block) {
        Layout layout = matrix.layout();
        dnnl_memory_desc order = layout(part, block);
        dnnl_memory_desc twin = twin(part, block, order);
        long[] shape = {grid.depthOf(part), grid.widthOf(block)};
        DnnlPrimitive reorder =
                DnnlOperations.reorder(
                        Dnnl.describe(
                                twin == null ? kind.weights() : dnnl_bf16, shape, layout.strides()),
                        Dnnl.copy(twin == null ? order : twin));
        long first =
                part * grid.depth() * layout.stride(0) + block * grid.width() * layout.stride(1);
        try {
            reorder.execute(
                    memory,
                    CpuStorage.addressOf(matrix) + first * matrix.dataType().getNumOfBytes(),
                    address(part, block));
        } finally {
            reorder.release();
        }
    }

    /**
     * oneDNN brings bfloat16 into order twenty times as fast as float16, and never looks at the
     * bits: where both are ordered alike, float16 goes as bfloat16.
     *
     * @return the same order of bfloat16, or null
     */
    private dnnl_memory_desc twin(int part, int block, dnnl_memory_desc order) {
        if (kind.weights() != dnnl_f16) {
            return null;
        }
        dnnl_memory_desc twin = layout(Kind.MIXED_BFLOAT16, grid, part, block);
        return twin != null && Dnnl.isSameOrder(twin, order) ? twin : null;
    }

    /** Where a piece of the packed weights begins. */
    private long address(int part, int block) {
        return storage.address() + offsets[block * grid.parts() + part];
    }

    /**
     * Returns a contiguous copy in a data type, and frees the tensor if it is a copy already; on
     * failure the tensor stays the caller's.
     */
    private static Tensor converted(CpuMemory memory, Tensor source, DataType type, Tensor keep) {
        Layout layout = Layout.contiguous(source.layout().shape());
        Tensor copy =
                new Tensor(memory.allocate(layout.count() * type.getNumOfBytes()), type, layout);
        try {
            Elementwise.copy(source, copy);
        } catch (RuntimeException | Error e) {
            copy.storage().release();
            throw e;
        }
        if (source != keep) {
            source.storage().release();
        }
        return copy;
    }

    @Override
    public long rows() {
        return rows;
    }

    @Override
    public long columns() {
        return columns;
    }

    @Override
    public long byteSize() {
        return storage.byteSize();
    }

    @Override
    public void close() {
        storage.release();
    }

    /** As {@link org.oktoblas.engine.backend.Backend#linear}. */
    void linear(Tensor a, Tensor bias, Activation activation, Tensor residual, Tensor out) {
        if (out.layout().size(0) == 0) {
            return;
        }
        storage.retain();
        try {
            if (residual == null) {
                multiply(a, bias, activation, false, out);
            } else if (activation == Activation.NONE && isSame(residual, out)) {
                multiply(a, bias, activation, true, out);
            } else if (!isSame(residual, out)) {
                multiply(a, bias, activation, false, out);
                Elementwise.binary(BinaryOp.ADD, out, residual, out);
            } else {
                Layout layout = Layout.contiguous(out.layout().shape());
                CpuStorage space = memory.allocate(layout.count() * Float.BYTES);
                try {
                    Tensor product = new Tensor(space, DataType.FLOAT32, layout);
                    multiply(a, bias, activation, false, product);
                    Elementwise.binary(BinaryOp.ADD, product, residual, out);
                } finally {
                    space.release();
                }
            }
        } finally {
            storage.release();
        }
    }

    private static boolean isSame(Tensor a, Tensor b) {
        return a.storage() == b.storage()
                && a.layout().offset() == b.layout().offset()
                && (a.layout().size(0) == 1 || a.layout().stride(0) == b.layout().stride(0));
    }

    private void multiply(Tensor a, Tensor bias, Activation activation, boolean sum, Tensor out) {
        if (kind.source() == dnnl_f32 && kind.rounding() == null) {
            multiplyConverted(a, bias, activation, sum, out);
            return;
        }
        DataType type = kind.rounding() == null ? DataType.BFLOAT16 : kind.rounding();
        Tensor source = converted(memory, a, type, a);
        try {
            if (kind.rounding() != null) {
                source = converted(memory, source, DataType.FLOAT32, a);
            }
            multiplyConverted(source, bias, activation, sum, out);
        } finally {
            source.storage().release();
        }
    }

    private void multiplyConverted(
            Tensor a, Tensor bias, Activation activation, boolean sum, Tensor out) {
        long shift = bias == null ? 0 : CpuStorage.addressOf(contiguous(bias));
        Layout from = a.layout();
        Layout to = out.layout();
        // One operation a part for all blocks but the last, which may be narrower.
        List<DnnlPrimitive> held = new ArrayList<>();
        try {
            boolean hasBias = bias != null;
            DnnlPrimitive[] wide = products(0, from, to, hasBias, activation, sum, held);
            DnnlPrimitive[] last =
                    products(grid.blocks() - 1, from, to, hasBias, activation, sum, held);
            Parallel.run(
                    grid.blocks(),
                    grid.grain(to.size(0)),
                    (start, end) -> {
                        for (int block = (int) start; block < end; block++) {
                            boolean isLast = block == grid.blocks() - 1;
                            multiplyBlock(isLast ? last : wide, block, a, shift, out);
                        }
                    });
        } finally {
            held.forEach(DnnlPrimitive::release);
        }
    }

    /** Computes a block of the result's columns, adding up the parts of K in their order. */
    private void multiplyBlock(
            DnnlPrimitive[] products, int block, Tensor a, long shift, Tensor out) {
        long column = block * grid.width() * Float.BYTES;
        long target = CpuStorage.addressOf(out) + column;
        long source = CpuStorage.addressOf(a);
        long step = grid.depth() * a.dataType().getNumOfBytes();
        for (int part = 0; part < grid.parts(); part++) {
            long from = source + part * step;
            if (shift != 0 && part == grid.parts() - 1) {
                products[part].execute(memory, from, address(part, block), target, shift + column);
            } else {
                products[part].execute(memory, from, address(part, block), target);
            }
        }
    }

    private DnnlPrimitive[] products(
            int block,
            Layout a,
            Layout out,
            boolean bias,
            Activation activation,
            boolean sum,
            List<DnnlPrimitive> held) {
        DnnlPrimitive[] products = new DnnlPrimitive[grid.parts()];
        for (int part = 0; part < products.length; part++) {
            boolean last = part == products.length - 1;
            DnnlOperations.Finish finish =
                    new DnnlOperations.Finish(
                            last && bias, sum || part > 0, last ? activation : Activation.NONE);
            products[part] = product(part, block, a, out, finish);
            held.add(products[part]);
        }
        return products;
    }

    private static Tensor contiguous(Tensor bias) {
        if (bias.dataType() != DataType.FLOAT32 || !bias.layout().isContiguous()) {
            throw new IllegalArgumentException(
                    "A bias is contiguous float32, not "
                            + bias.dataType()
                            + " of "
                            + bias.layout()
                            + ".");
        }
        return bias;
    }

    private DnnlPrimitive product(
            int part, int block, Layout a, Layout out, DnnlOperations.Finish finish) {
        long m = out.size(0);
        long k = grid.depthOf(part);
        long n = grid.widthOf(block);
        // A single row may have any stride; this one makes the shapes that are alike the same.
        long sourceStride = m == 1 ? k : a.stride(0);
        long targetStride = m == 1 ? n : out.stride(0);
        DnnlPrimitives.Key key =
                new DnnlPrimitives.Key(
                        PRODUCT,
                        kind.source(),
                        kind.weights(),
                        m,
                        k,
                        n,
                        sourceStride,
                        targetStride,
                        finish.bias() ? 1 : 0,
                        finish.sum() ? 1 : 0,
                        finish.activation().ordinal());
        return DnnlPrimitives.get(
                key,
                () ->
                        DnnlOperations.product(
                                Dnnl.describe(
                                        kind.source(),
                                        new long[] {m, k},
                                        new long[] {sourceStride, 1}),
                                Dnnl.copy(layout(part, block)),
                                Dnnl.describe(
                                        dnnl_f32, new long[] {m, n}, new long[] {targetStride, 1}),
                                finish));
    }
}
