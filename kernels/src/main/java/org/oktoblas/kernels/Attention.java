package org.oktoblas.kernels;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * Attention without a matrix of scores in memory: maximum and sum of each query's weights follow
 * the keys tile by tile. Sums are kept in float32, and their order does not depend on the batch.
 */
public final class Attention {

    private static final double LOG2_E = 1.4426950408889634;

    /** Scales beyond are as good as these: what a hidden key scores stays a number, and far off. */
    private static final double LEAST_SCALE = 0x1p-90;

    private static final double MOST_SCALE = 0x1p25;

    private final CudaDevice device;
    private final Elementwise elementwise;
    private final Map<ElementType, AttentionPlan.Lanes> lanes = new ConcurrentHashMap<>();

    /** Makes the operations of a device. */
    public Attention(CudaDevice device) {
        this.device = device;
        elementwise = new Elementwise(device);
    }

    /**
     * Writes softmax(scale · query · keysᵀ, masked) · values, where query t of T sees the keys 0 …
     * S − T + t whose mask is not 0; one that sees none gets the mean over the keys that it would
     * see without mask.
     *
     * @param query (B, H, T, D) F32, F16 or BF16 of any strides, as all others
     * @param keys (B, H, S, D), S at least T
     * @param values (B, H, S, D)
     * @param mask (B, S) I64, 0 where a key is padding, or null
     * @param out (B, H, T, D)
     * @throws UnsupportedOperationException for other types, and for D over 1,024
     */
    public void causal(
            CudaStream stream,
            DeviceTensor query,
            DeviceTensor keys,
            DeviceTensor values,
            DeviceTensor mask,
            double scale,
            DeviceTensor out) {
        if (query.shape()[2] > keys.shape()[2]) {
            throw new IllegalArgumentException(
                    "Causal attention needs as many keys as queries at least: "
                            + query
                            + " and "
                            + keys
                            + ".");
        }
        run(stream, query, keys, values, mask, scale, keys.shape()[2] - query.shape()[2], out);
    }

    /**
     * Writes softmax(scale · query · keysᵀ, masked) · values, where every query sees every key
     * whose mask is not 0, and with all of them hidden the mean over all.
     *
     * @param keys (B, H, S, D), S at least 1; for the others see {@link #causal}
     */
    public void full(
            CudaStream stream,
            DeviceTensor query,
            DeviceTensor keys,
            DeviceTensor values,
            DeviceTensor mask,
            double scale,
            DeviceTensor out) {
        run(stream, query, keys, values, mask, scale, keys.shape()[2], out);
    }

    private void run(
            CudaStream stream,
            DeviceTensor query,
            DeviceTensor keys,
            DeviceTensor values,
            DeviceTensor mask,
            double scale,
            long shift,
            DeviceTensor out) {
        check(query, keys, values, mask, out);
        if (out.count() == 0) {
            return;
        }
        ElementType type = query.type();
        AttentionPlan plan =
                AttentionPlan.of(
                        type,
                        query.shape()[0] * query.shape()[1],
                        Math.toIntExact(query.shape()[2]),
                        Math.toIntExact(keys.shape()[2]),
                        Math.toIntExact(query.shape()[3]),
                        lanes.computeIfAbsent(type, this::lanes),
                        device.properties());
        try (Temporaries temporaries = new Temporaries(stream, elementwise)) {
            launch(
                    stream,
                    plan,
                    temporaries,
                    query,
                    packed(temporaries, plan, keys),
                    packed(temporaries, plan, values),
                    mask,
                    scale,
                    Math.toIntExact(shift),
                    out);
        }
    }

    private static void check(
            DeviceTensor query,
            DeviceTensor keys,
            DeviceTensor values,
            DeviceTensor mask,
            DeviceTensor out) {
        ElementType type = query.type();
        if (type != ElementType.F32 && type != ElementType.F16 && type != ElementType.BF16) {
            throw new UnsupportedOperationException(
                    "Attention on a GPU is not defined for "
                            + type.name().toLowerCase(Locale.ROOT)
                            + " arrays; convert them with toType.");
        }
        long[] shape = keys.shape().clone();
        shape[2] = query.shape()[2];
        boolean fits =
                keys.type() == type
                        && values.type() == type
                        && out.type() == type
                        && Arrays.equals(query.shape(), shape)
                        && Arrays.equals(keys.shape(), values.shape())
                        && Arrays.equals(query.shape(), out.shape())
                        && (mask == null
                                || mask.type() == ElementType.I64
                                        && mask.shape()[0] == shape[0]
                                        && mask.shape()[1] == keys.shape()[2])
                        && (keys.shape()[2] > 0 || out.count() == 0);
        if (!fits) {
            throw new IllegalArgumentException(
                    "Attention cannot be made of query "
                            + query
                            + ", keys "
                            + keys
                            + ", values "
                            + values
                            + ", mask "
                            + mask
                            + " and output "
                            + out
                            + ".");
        }
        if (shape[3] > AttentionPlan.WIDEST) {
            throw new UnsupportedOperationException(
                    "Attention on a GPU takes heads of up to "
                            + AttentionPlan.WIDEST
                            + " numbers, not "
                            + shape[3]
                            + "; compute it with matMul and softmax.");
        }
    }

    private AttentionPlan.Lanes lanes(ElementType type) {
        CudaKernel kernel = device.kernel("attention_few_" + type.suffix());
        return new AttentionPlan.Lanes(
                kernel.constant("splitWidth"),
                kernel.constant("wideWidth"),
                kernel.constant("fewQueries"));
    }

    /**
     * Returns keys or values as they are, or a copy if every tile of queries would read them number
     * by number.
     */
    private static DeviceTensor packed(
            Temporaries temporaries, AttentionPlan plan, DeviceTensor tensor) {
        boolean useful =
                plan.way() == AttentionPlan.Way.PROMPT
                        && plan.tiles() > 1
                        && !Place.of(tensor).vectors()
                        && Place.of(DeviceTensor.dense(0, tensor.type(), tensor.shape())).vectors();
        return useful ? temporaries.copy(tensor, tensor.type()) : tensor;
    }

    private void launch(
            CudaStream stream,
            AttentionPlan plan,
            Temporaries temporaries,
            DeviceTensor query,
            DeviceTensor keys,
            DeviceTensor values,
            DeviceTensor mask,
            double scale,
            int shift,
            DeviceTensor out) {
        int heads = Math.toIntExact(query.shape()[0] * query.shape()[1]);
        int queries = (int) query.shape()[2];
        long width = query.shape()[3];
        CudaKernel kernel = device.kernel(plan.symbol(query.type()));
        boolean parts = plan.chunks() > 1;
        long rows = (long) heads * queries * plan.chunks();
        long sums = parts ? temporaries.bytes(rows * width * Float.BYTES) : 0;
        long weights = parts ? temporaries.bytes(rows * 2 * Float.BYTES) : 0;

        Arguments arguments =
                Arguments.start()
                        .pointer(out.address())
                        .pointer(query.address())
                        .pointer(keys.address())
                        .pointer(values.address())
                        .pointer(mask == null ? 0 : mask.address());
        for (DeviceTensor tensor : new DeviceTensor[] {out, query, keys, values}) {
            Place.of(tensor).write(arguments);
        }
        boolean halves = plan.way() == AttentionPlan.Way.PROMPT && query.type() != ElementType.F32;
        double factor = scale * LOG2_E;
        double size = Math.max(LEAST_SCALE, Math.min(MOST_SCALE, Math.abs(factor)));
        arguments
                .int64(mask == null ? 0 : mask.strides()[0])
                .int64(mask == null ? 0 : mask.strides()[1])
                .float32((float) (halves ? size : factor))
                .int32(halves && scale < 0 ? 1 : 0)
                .int32((int) query.shape()[1])
                .int32(heads)
                .int32(queries)
                .int32((int) keys.shape()[2])
                .int32((int) width)
                .int32(shift)
                .int32(plan.tiles())
                .int32(plan.chunk())
                .int32(plan.chunks())
                .int32(plan.laneBits())
                .pointer(sums)
                .pointer(weights);
        int blocks = Math.multiplyExact(Math.multiplyExact(heads, plan.tiles()), plan.chunks());
        String shared = plan.sharedConstant();
        stream.launch(
                kernel, blocks, 1, 1, shared == null ? 0 : kernel.constant(shared), arguments);
        if (parts) {
            CudaKernel combine = device.kernel("attention_combine_" + query.type().suffix());
            stream.launch(combine, Math.multiplyExact(heads, queries), arguments);
        }
    }

    /** Where a tensor's elements lie: {@code Place} of the kernels. */
    private record Place(long batch, long head, long row, long column, boolean vectors) {

        static Place of(DeviceTensor tensor) {
            long[] strides = tensor.strides().clone();
            int vector = 16 / tensor.type().bytes();
            boolean vectors = tensor.address() % 16 == 0 && tensor.shape()[3] % vector == 0;
            for (int i = 0; i < 4; i++) {
                if (tensor.shape()[i] == 1) {
                    strides[i] = i == 3 ? 1 : 0;
                }
                vectors &= i == 3 ? strides[i] == 1 : strides[i] % vector == 0;
            }
            return new Place(strides[0], strides[1], strides[2], strides[3], vectors);
        }

        void write(Arguments arguments) {
            arguments
                    .int64(batch)
                    .int64(head)
                    .int64(row)
                    .int64(column)
                    .int32(vectors ? 1 : 0)
                    .int32(0);
        }
    }
}
