package org.oktoblas.kernels;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/** Layer norm of one element type. */
final class LayerNorm {

    private final RowKernels kernels;
    private final Optional<CudaKernel> plain;
    private final Optional<Cluster> cluster;
    private final Elementwise elementwise;
    private final ElementType type;

    LayerNorm(CudaDevice device, Elementwise elementwise, ElementType type) {
        // One block with a whole row would read scales and shifts as long as that from the cache
        // for every row: without clusters, reading long rows twice is faster.
        kernels = new RowKernels(device, "layernorm", type, false);
        plain = type == ElementType.F64 ? Optional.empty() : Optional.of(kernels.kernel("plain"));
        cluster = device.kernelIfCompiled("layernorm_cluster_" + type.suffix()).map(Cluster::of);
        this.elementwise = elementwise;
        this.type = type;
    }

    /** The kernel for clusters of blocks, and what they can keep. */
    private record Cluster(CudaKernel kernel, RowClusters.Limits limits) {

        static Cluster of(CudaKernel kernel) {
            return new Cluster(
                    kernel,
                    new RowClusters.Limits(
                            kernel.description().cluster(),
                            kernel.threads(),
                            kernel.constant("clusterVectors"),
                            kernel.constant("lineBytes") / RowKernels.VECTOR_BYTES));
        }
    }

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

    private DeviceTensor parameter(Temporaries temporaries, DeviceTensor tensor) {
        ElementType wide = RowKernels.wide(type);
        boolean usable =
                tensor == null
                        || tensor.isDense() && (tensor.type() == type || tensor.type() == wide);
        return usable ? tensor : temporaries.copy(tensor, wide);
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
            DeviceTensor gamma,
            DeviceTensor beta,
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
            LayerNormRows rows =
                    new LayerNormRows(
                            walk, in, out, count, inStride, outStride, gamma, beta, epsilon);
            RowPlan plan = kernels.plan(walk, out, in, inStride, count);
            if (plan.way() != RowPlan.Way.SPLIT) {
                boolean isPlain =
                        plan.way() == RowPlan.Way.ROW && plain.isPresent() && rows.isPlain();
                whole(stream, isPlain ? plain.get() : kernels.whole(plan), rows, plan);
            } else if (!clusters(stream, rows)) {
                split(stream, temporaries, rows, plan);
            }
        }
    }

    private static void whole(
            CudaStream stream, CudaKernel kernel, LayerNormRows rows, RowPlan plan) {
        int rowsPerBlock = kernel.threads() >> plan.groupBits();
        stream.launch(
                kernel,
                RowKernels.blocks(rows.walk().count(), rowsPerBlock),
                rows.arguments(plan.groupBits(), plan.vectors(), 0, 0, 0));
    }

    /** Lets clusters of blocks do it, if this device has them and these rows are for them. */
    private boolean clusters(CudaStream stream, LayerNormRows rows) {
        if (cluster.isEmpty() || !rows.isSimple() || !rows.liesAlike() || rows.period() == 0) {
            return false;
        }
        CudaKernel kernel = cluster.get().kernel();
        RowClusters.Limits limits = cluster.get().limits();
        Optional<RowClusters> plan = RowClusters.of(limits, rows.count(), kernels.vector());
        if (plan.isEmpty()) {
            return false;
        }
        // Scales and shifts lie in shared memory as all rows of a cluster do.
        int most = kernel.clustersAtOnce(plan.get().sharedBytes());
        int clusters = Math.min(rows.walk().count(), most - most % rows.period());
        if (clusters == 0) {
            return false;
        }
        stream.launch(
                kernel,
                limits.blocks() * clusters,
                1,
                1,
                plan.get().sharedBytes(),
                rows.arguments(0, plan.get().threadVectors(), plan.get().blockVectors(), 0, 0));
        return true;
    }

    private void split(
            CudaStream stream, Temporaries temporaries, LayerNormRows rows, RowPlan plan) {
        int blocks = Math.multiplyExact(rows.walk().count(), plan.slices());
        long partial = temporaries.bytes(3L * blocks * kernels.wideBytes());
        for (CudaKernel kernel : List.of(kernels.partial, kernels.finish)) {
            stream.launch(
                    kernel,
                    blocks,
                    rows.arguments(0, plan.vectors(), plan.slice(), plan.slices(), partial));
        }
    }
}
