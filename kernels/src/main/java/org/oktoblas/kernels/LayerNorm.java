package org.oktoblas.kernels;

import java.util.Arrays;
import java.util.List;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/** Layer norm of one element type. */
final class LayerNorm {

    private final RowKernels kernels;
    private final Elementwise elementwise;
    private final ElementType type;

    LayerNorm(CudaDevice device, Elementwise elementwise, ElementType type) {
        // A block a row, with as many registers as that takes, hides too little of the time that
        // scales and shifts take to come: reading long rows twice is faster.
        kernels = new RowKernels(device, "layernorm", type, false);
        this.elementwise = elementwise;
        this.type = type;
    }

    /** A scale or shift as kernels take it; none has address 0. */
    private record Parameter(long address, boolean wide) {}

    void run(
            CudaStream stream,
            DeviceTensor in,
            int axes,
            DeviceTensor gamma,
            DeviceTensor beta,
            double epsilon,
            DeviceTensor out) {
        int first = in.rank() - axes;
        try (Temporaries temporaries = new Temporaries(stream, elementwise)) {
            // Rows that do not lie in one piece are read through a copy, so that memory is used
            // well and no row is in two places.
            DeviceTensor source = stride(in, first) == 1 ? in : temporaries.copy(in, type);
            boolean direct = stride(out, first) != 0;
            DeviceTensor target = direct ? out : temporaries.empty(type, out.shape());
            rows(
                    stream,
                    temporaries,
                    source,
                    first,
                    parameter(temporaries, gamma),
                    parameter(temporaries, beta),
                    type == ElementType.F64 ? epsilon : representable(epsilon),
                    target);
            if (!direct) {
                elementwise.copy(stream, target, out);
            }
        }
    }

    /** Keeps a tiny epsilon from becoming 0 in float32. */
    private static double representable(double epsilon) {
        return epsilon > 0 ? Math.max(epsilon, Float.MIN_NORMAL) : epsilon;
    }

    private Parameter parameter(Temporaries temporaries, DeviceTensor tensor) {
        if (tensor == null) {
            return new Parameter(0, false);
        }
        ElementType wide = RowKernels.wide(type);
        boolean usable = tensor.isDense() && (tensor.type() == type || tensor.type() == wide);
        DeviceTensor used = usable ? tensor : temporaries.copy(tensor, wide);
        return new Parameter(used.address(), used.type() == wide);
    }

    /** Returns the stride of the axes from one on taken as one, or 0 if they do not lie so. */
    static long stride(DeviceTensor tensor, int first) {
        long stride = 1;
        long next = 0;
        boolean found = false;
        for (int i = tensor.rank() - 1; i >= first; i--) {
            if (tensor.shape()[i] == 1) {
                continue;
            }
            if (!found) {
                stride = tensor.strides()[i];
                found = true;
            } else if (tensor.strides()[i] != next) {
                return 0;
            }
            next = tensor.strides()[i] * tensor.shape()[i];
        }
        return stride;
    }

    private void rows(
            CudaStream stream,
            Temporaries temporaries,
            DeviceTensor in,
            int first,
            Parameter gamma,
            Parameter beta,
            double epsilon,
            DeviceTensor out) {
        int count = RowKernels.length(Axes.count(Arrays.copyOfRange(in.shape(), first, in.rank())));
        long inStride = stride(in, first);
        long outStride = stride(out, first);
        for (Iteration walk :
                Iteration.of(
                        Arrays.copyOf(in.shape(), first),
                        Arrays.copyOf(out.strides(), first),
                        Arrays.copyOf(in.strides(), first))) {
            RowPlan plan = kernels.plan(walk, out, in, inStride, count);
            boolean split = plan.way() == RowPlan.Way.SPLIT;
            List<CudaKernel> launched =
                    split ? List.of(kernels.partial, kernels.finish) : List.of(kernels.whole(plan));
            int rowsPerBlock = launched.get(0).threads() >> plan.groupBits();
            int blocks =
                    split
                            ? Math.multiplyExact(walk.count(), plan.slices())
                            : RowKernels.blocks(walk.count(), rowsPerBlock);
            long partial = split ? temporaries.bytes(3L * blocks * kernels.wideBytes()) : 0;
            for (CudaKernel kernel : launched) {
                Arguments arguments =
                        Arguments.start()
                                .pointer(RowKernels.at(out, walk, 0))
                                .pointer(RowKernels.at(in, walk, 1));
                walk.write(arguments)
                        .int64(outStride)
                        .int64(inStride)
                        .pointer(gamma.address())
                        .int32(gamma.wide() ? 1 : 0)
                        .int32(0)
                        .pointer(beta.address())
                        .int32(beta.wide() ? 1 : 0)
                        .int32(0)
                        .float64(epsilon)
                        .int32(count)
                        .int32(plan.groupBits())
                        .int32(plan.vectors())
                        .int32(plan.slice())
                        .int32(plan.slices())
                        .int32(0)
                        .pointer(partial);
                stream.launch(kernel, blocks, arguments);
            }
        }
    }
}
