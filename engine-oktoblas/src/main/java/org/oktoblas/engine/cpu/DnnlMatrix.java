package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
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

    /**
     * oneDNN 3.11 gives wrong results for float32 times packed 16-bit weights when K is larger, so
     * K is split and the parts' products are added up.
     */
    private static final long MIXED_DEPTH = 512;

    private static final long PRODUCT = 1;

    private final CpuMemory memory;
    private final long rows;
    private final long columns;
    private final Kind kind;

    /** How many of the K rows a part has; the last may have fewer. */
    private final long depth;

    /** Shared with all matrices of these sizes, and not ours to destroy. */
    private final dnnl_memory_desc[] layouts;

    private final CpuStorage[] parts;

    /**
     * How a product computes.
     *
     * @param source oneDNN's type of the left-hand side
     * @param weights oneDNN's type of the weights
     * @param stored the same as ours
     * @param rounding whether both sides are rounded to bfloat16 and multiplied as float32
     */
    private record Kind(int source, int weights, DataType stored, boolean rounding) {

        static final Kind FLOAT32 = new Kind(dnnl_f32, dnnl_f32, DataType.FLOAT32, false);
        static final Kind ROUNDED = new Kind(dnnl_f32, dnnl_f32, DataType.FLOAT32, true);
        static final Kind BFLOAT16 = new Kind(dnnl_bf16, dnnl_bf16, DataType.BFLOAT16, false);
        static final Kind MIXED_FLOAT16 = new Kind(dnnl_f32, dnnl_f16, DataType.FLOAT16, false);
        static final Kind MIXED_BFLOAT16 = new Kind(dnnl_f32, dnnl_bf16, DataType.BFLOAT16, false);

        boolean isMixed() {
            return source != weights;
        }
    }

    private DnnlMatrix(
            CpuMemory memory,
            long rows,
            long columns,
            Kind kind,
            long depth,
            dnnl_memory_desc[] layouts,
            CpuStorage[] parts) {
        this.memory = memory;
        this.rows = rows;
        this.columns = columns;
        this.kind = kind;
        this.depth = depth;
        this.layouts = layouts;
        this.parts = parts;
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
            return packed != null ? packed : pack(memory, matrix, Kind.ROUNDED);
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
        long depth = rows;
        if (kind.isMixed() && rows > MIXED_DEPTH) {
            long count = (rows + MIXED_DEPTH - 1) / MIXED_DEPTH;
            long even = (rows + count - 1) / count;
            depth = Math.min(MIXED_DEPTH, (even + 31) / 32 * 32);
        }
        int count = (int) ((rows + depth - 1) / depth);
        dnnl_memory_desc[] layouts = new dnnl_memory_desc[count];
        CpuStorage[] parts = new CpuStorage[count];
        for (int i = 0; i < count; i++) {
            long size = Math.min(depth, rows - i * depth);
            layouts[i] =
                    DnnlOperations.weightLayout(
                            kind.source(), kind.weights(), TYPICAL_ROWS, size, columns);
            if (layouts[i] == null) {
                return null;
            }
        }
        DnnlMatrix packed = new DnnlMatrix(memory, rows, columns, kind, depth, layouts, parts);
        try {
            for (int i = 0; i < count; i++) {
                long size = Math.min(depth, rows - i * depth);
                parts[i] = memory.allocate(dnnl_memory_desc_get_size(layouts[i]));
                packPart(memory, part(matrix, i * depth, size), kind, layouts[i], parts[i]);
            }
        } catch (RuntimeException | Error e) {
            packed.close();
            throw e;
        }
        return packed;
    }

    /** Returns a stretch of a matrix's rows. */
    private static Tensor part(Tensor matrix, long first, long size) {
        Layout layout = matrix.layout();
        return matrix.with(
                new Layout(
                        new long[] {size, layout.size(1)},
                        layout.strides(),
                        layout.offset() + first * layout.stride(0)));
    }

    private static void packPart(
            CpuMemory memory,
            Tensor matrix,
            Kind kind,
            dnnl_memory_desc layout,
            CpuStorage target) {
        Tensor source = matrix;
        try {
            if (kind.rounding()) {
                source = converted(memory, source, DataType.BFLOAT16, matrix);
            }
            if (source.dataType() != kind.stored() || !isPlain(source.layout())) {
                source = converted(memory, source, kind.stored(), matrix);
            }
            dnnl_memory_desc twin = twin(kind, source.layout(), layout);
            DnnlPrimitive reorder =
                    DnnlOperations.reorder(
                            Dnnl.describe(
                                    twin == null ? kind.weights() : dnnl_bf16,
                                    source.layout().shape(),
                                    source.layout().strides()),
                            Dnnl.copy(twin == null ? layout : twin));
            try {
                reorder.execute(memory, address(source), target.address());
            } finally {
                reorder.release();
            }
        } finally {
            if (source != matrix) {
                source.storage().release();
            }
        }
    }

    /**
     * oneDNN brings bfloat16 into order twenty times as fast as float16, and never looks at the
     * bits: where both are ordered alike, float16 goes as bfloat16.
     *
     * @return the same order of bfloat16, or null
     */
    private static dnnl_memory_desc twin(Kind kind, Layout matrix, dnnl_memory_desc layout) {
        if (kind != Kind.MIXED_FLOAT16) {
            return null;
        }
        dnnl_memory_desc twin =
                DnnlOperations.weightLayout(
                        dnnl_f32, dnnl_bf16, TYPICAL_ROWS, matrix.size(0), matrix.size(1));
        return twin != null && Dnnl.isSameOrder(twin, layout) ? twin : null;
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

    /** Returns whether oneDNN can describe a matrix: rows or columns beside each other. */
    private static boolean isPlain(Layout layout) {
        long rowStride = layout.stride(0);
        long columnStride = layout.stride(1);
        return columnStride == 1 && rowStride >= layout.size(1)
                || rowStride == 1 && columnStride >= layout.size(0);
    }

    private static long address(Tensor tensor) {
        return ((CpuStorage) tensor.storage()).address()
                + tensor.layout().offset() * tensor.dataType().getNumOfBytes();
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
        long size = 0;
        for (CpuStorage part : parts) {
            size += part.byteSize();
        }
        return size;
    }

    @Override
    public void close() {
        for (CpuStorage part : parts) {
            // Where packing failed, the later parts were never made.
            if (part != null) {
                part.release();
            }
        }
    }

    /** As {@link org.oktoblas.engine.backend.Backend#linear}. */
    void linear(Tensor a, Tensor bias, Activation activation, Tensor residual, Tensor out) {
        if (out.layout().size(0) == 0) {
            return;
        }
        for (CpuStorage part : parts) {
            part.retain();
        }
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
            for (CpuStorage part : parts) {
                part.release();
            }
        }
    }

    private static boolean isSame(Tensor a, Tensor b) {
        return a.storage() == b.storage()
                && a.layout().offset() == b.layout().offset()
                && (a.layout().size(0) == 1 || a.layout().stride(0) == b.layout().stride(0));
    }

    private void multiply(Tensor a, Tensor bias, Activation activation, boolean sum, Tensor out) {
        if (kind.source() == dnnl_f32 && !kind.rounding()) {
            multiplyConverted(a, bias, activation, sum, out);
            return;
        }
        Tensor source = toBfloat16(a);
        try {
            if (kind.rounding()) {
                source = converted(memory, source, DataType.FLOAT32, a);
            }
            multiplyConverted(source, bias, activation, sum, out);
        } finally {
            source.storage().release();
        }
    }

    private void multiplyConverted(
            Tensor a, Tensor bias, Activation activation, boolean sum, Tensor out) {
        long shift = bias == null ? 0 : address(contiguous(bias));
        long target = address(out);
        long source = address(a);
        int width = a.dataType().getNumOfBytes();
        int last = parts.length - 1;
        for (int i = 0; i <= last; i++) {
            DnnlOperations.Finish finish =
                    new DnnlOperations.Finish(
                            i == last && bias != null,
                            sum || i > 0,
                            i == last ? activation : Activation.NONE);
            DnnlPrimitive product = product(i, a.layout(), out.layout(), finish);
            try {
                long from = source + i * depth * width;
                if (finish.bias()) {
                    product.execute(memory, from, parts[i].address(), target, shift);
                } else {
                    product.execute(memory, from, parts[i].address(), target);
                }
            } finally {
                product.release();
            }
        }
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

    private DnnlPrimitive product(int part, Layout a, Layout out, DnnlOperations.Finish finish) {
        long m = out.size(0);
        long k = Math.min(depth, rows - part * depth);
        // A single row may have any stride; this one makes the shapes that are alike the same.
        long sourceStride = m == 1 ? rows : a.stride(0);
        long targetStride = m == 1 ? columns : out.stride(0);
        DnnlPrimitives.Key key =
                new DnnlPrimitives.Key(
                        PRODUCT,
                        kind.source(),
                        kind.weights(),
                        m,
                        k,
                        columns,
                        sourceStride,
                        targetStride,
                        finish.bias() ? 1 : 0,
                        finish.sum() ? 1 : 0,
                        finish.activation().ordinal());
        return DnnlPrimitives.find(
                        key,
                        () ->
                                DnnlOperations.product(
                                        Dnnl.describe(
                                                kind.source(),
                                                new long[] {m, k},
                                                new long[] {sourceStride, 1}),
                                        Dnnl.copy(layouts[part]),
                                        Dnnl.describe(
                                                dnnl_f32,
                                                new long[] {m, columns},
                                                new long[] {targetStride, 1}),
                                        finish))
                .orElseThrow(
                        () ->
                                new EngineException(
                                        "oneDNN has no product of "
                                                + m
                                                + " × "
                                                + k
                                                + " by "
                                                + k
                                                + " × "
                                                + columns
                                                + " in its packed layout."));
    }

    /** Returns a copy rounded to bfloat16. */
    private Tensor toBfloat16(Tensor a) {
        Layout layout = Layout.contiguous(a.layout().shape());
        Tensor rounded =
                new Tensor(
                        memory.allocate(layout.count() * Short.BYTES), DataType.BFLOAT16, layout);
        Elementwise.copy(a, rounded);
        return rounded;
    }
}
