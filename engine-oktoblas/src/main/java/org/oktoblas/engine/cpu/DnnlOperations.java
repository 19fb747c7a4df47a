package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_0;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_data_type_undef;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_forward_inference;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_eltwise;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scratchpad_mode;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_scratchpad_mode_user;
import static org.bytedeco.dnnl.global.dnnl.dnnl_softmax_accurate;
import static org.bytedeco.dnnl.global.dnnl.dnnl_softmax_forward_primitive_desc_create;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.global.dnnl;
import org.oktoblas.engine.backend.Activation;

/** Compiles oneDNN's operations on matrices: products with what follows them, and copies. */
final class DnnlOperations {

    /** By types and sizes; a program has few of them. */
    private static final Map<DnnlPrimitives.Key, Optional<dnnl_memory_desc>> WEIGHT_LAYOUTS =
            new ConcurrentHashMap<>();

    private DnnlOperations() {}

    /**
     * What follows a product, in this order: a bias is added, what stands in the output is added,
     * and an activation applied.
     */
    record Finish(boolean bias, boolean sum, Activation activation) {

        static final Finish NOTHING = new Finish(false, false, Activation.NONE);
    }

    /**
     * Returns the layout in which oneDNN wants constant weights, or null if it has no fast way to
     * multiply by them. It is shared and stays: copy it to give it away.
     */
    static dnnl_memory_desc weightLayout(
            int sourceType, int weightType, long rows, long depth, long columns) {
        DnnlPrimitives.Key key =
                new DnnlPrimitives.Key(sourceType, weightType, rows, depth, columns);
        return WEIGHT_LAYOUTS
                .computeIfAbsent(
                        key,
                        k ->
                                Optional.ofNullable(
                                        askForWeightLayout(
                                                sourceType, weightType, rows, depth, columns)))
                .orElse(null);
    }

    private static dnnl_memory_desc askForWeightLayout(
            int sourceType, int weightType, long rows, long depth, long columns) {
        dnnl_memory_desc source =
                Dnnl.describe(sourceType, new long[] {rows, depth}, new long[] {depth, 1});
        dnnl_memory_desc weights = Dnnl.describeAny(weightType, depth, columns);
        dnnl_memory_desc target = matrix(rows, columns);
        dnnl_primitive_desc product = new dnnl_primitive_desc();
        try {
            if (describeProduct(product, source, weights, target, Finish.NOTHING) != 0) {
                return null;
            }
            try {
                if (isSlow(DnnlPrimitive.implementation(product))) {
                    return null;
                }
                return Dnnl.copy(dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0));
            } finally {
                dnnl_primitive_desc_destroy(product);
            }
        } finally {
            dnnl_memory_desc_destroy(source);
            dnnl_memory_desc_destroy(weights);
            dnnl_memory_desc_destroy(target);
        }
    }

    /** Returns whether an implementation is oneDNN's reference code, hundreds of times slower. */
    static boolean isSlow(String implementation) {
        return implementation.startsWith("ref");
    }

    /**
     * Compiles a product; its arguments are source, weights, target, and the bias if there is one.
     * The descriptions then belong to the operation.
     */
    static DnnlPrimitive product(
            dnnl_memory_desc source,
            dnnl_memory_desc weights,
            dnnl_memory_desc target,
            Finish finish) {
        dnnl_primitive_desc product = new dnnl_primitive_desc();
        Dnnl.check(describeProduct(product, source, weights, target, finish), "compile a product");
        if (!finish.bias()) {
            return new DnnlPrimitive(
                    product,
                    new int[] {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                    new dnnl_memory_desc[] {source, weights, target});
        }
        return new DnnlPrimitive(
                product,
                new int[] {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS},
                new dnnl_memory_desc[] {source, weights, target, bias(target)});
    }

    private static int describeProduct(
            dnnl_primitive_desc product,
            dnnl_memory_desc source,
            dnnl_memory_desc weights,
            dnnl_memory_desc target,
            Finish finish) {
        dnnl_primitive_attr attributes = attributes(finish);
        dnnl_memory_desc bias = finish.bias() ? bias(target) : null;
        try {
            return dnnl_matmul_primitive_desc_create(
                    product, Dnnl.get().engine(), source, weights, bias, target, attributes);
        } finally {
            if (bias != null) {
                dnnl_memory_desc_destroy(bias);
            }
            dnnl_primitive_attr_destroy(attributes);
        }
    }

    private static dnnl_memory_desc bias(dnnl_memory_desc target) {
        long columns = Dnnl.size(target, 1);
        return matrix(1, columns);
    }

    private static dnnl_primitive_attr attributes(Finish finish) {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        Dnnl.check(dnnl_primitive_attr_create(attributes), "make attributes");
        Dnnl.check(
                dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
                "set the scratchpad's mode");
        if (finish.sum() || finish.activation() != Activation.NONE) {
            dnnl_post_ops operations = new dnnl_post_ops();
            Dnnl.check(dnnl_post_ops_create(operations), "make post-operations");
            if (finish.sum()) {
                Dnnl.check(
                        dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef),
                        "append a sum");
            }
            if (finish.activation() != Activation.NONE) {
                Dnnl.check(
                        dnnl_post_ops_append_eltwise(
                                operations, algorithm(finish.activation()), alpha(finish), 0),
                        "append an activation");
            }
            Dnnl.check(
                    dnnl_primitive_attr_set_post_ops(attributes, operations),
                    "set post-operations");
            dnnl_post_ops_destroy(operations);
        }
        return attributes;
    }

    /** Swish has a factor for its sigmoid's argument; RELU's slope below zero is zero. */
    private static float alpha(Finish finish) {
        return finish.activation() == Activation.SILU ? 1 : 0;
    }

    private static int algorithm(Activation activation) {
        return switch (activation) {
            case RELU -> dnnl.dnnl_eltwise_relu;
            case GELU -> dnnl.dnnl_eltwise_gelu_erf;
            case GELU_TANH -> dnnl.dnnl_eltwise_gelu_tanh;
            case SILU -> dnnl.dnnl_eltwise_swish;
            case TANH -> dnnl.dnnl_eltwise_tanh;
            case SIGMOID -> dnnl.dnnl_eltwise_logistic;
            case NONE -> throw new IllegalArgumentException("No activation.");
        };
    }

    /** Describes a contiguous float32 matrix. */
    private static dnnl_memory_desc matrix(long rows, long columns) {
        return Dnnl.describe(dnnl_f32, new long[] {rows, columns}, new long[] {columns, 1});
    }

    /** Compiles a copy between two layouts or data types; the descriptions then belong to it. */
    static DnnlPrimitive reorder(dnnl_memory_desc source, dnnl_memory_desc target) {
        return compile(
                "a copy",
                (reorder, attributes) ->
                        dnnl_reorder_primitive_desc_create(
                                reorder,
                                source,
                                Dnnl.get().engine(),
                                target,
                                Dnnl.get().engine(),
                                attributes),
                new int[] {DNNL_ARG_FROM, DNNL_ARG_TO},
                source,
                target);
    }

    /** Compiles a reduction of rows of a contiguous float32 matrix. */
    static DnnlPrimitive reduction(int algorithm, long rows, long columns) {
        dnnl_memory_desc source = matrix(rows, columns);
        dnnl_memory_desc target = matrix(rows, 1);
        return compile(
                "a reduction",
                (reduction, attributes) ->
                        dnnl_reduction_primitive_desc_create(
                                reduction,
                                Dnnl.get().engine(),
                                algorithm,
                                source,
                                target,
                                0,
                                0,
                                attributes),
                new int[] {DNNL_ARG_SRC, DNNL_ARG_DST},
                source,
                target);
    }

    /** Compiles the softmax of each row of a contiguous float32 matrix. */
    static DnnlPrimitive softmax(long rows, long columns) {
        dnnl_memory_desc source = matrix(rows, columns);
        dnnl_memory_desc target = matrix(rows, columns);
        return compile(
                "softmax",
                (softmax, attributes) ->
                        dnnl_softmax_forward_primitive_desc_create(
                                softmax,
                                Dnnl.get().engine(),
                                dnnl_forward_inference,
                                dnnl_softmax_accurate,
                                source,
                                target,
                                1,
                                attributes),
                new int[] {DNNL_ARG_SRC, DNNL_ARG_DST},
                source,
                target);
    }

    /** Compiles arithmetic on n neighbouring floats and as many others, or one. */
    static DnnlPrimitive binary(int algorithm, long n, long others) {
        dnnl_memory_desc first = Dnnl.describe(dnnl_f32, new long[] {n}, new long[] {1});
        dnnl_memory_desc second = Dnnl.describe(dnnl_f32, new long[] {others}, new long[] {1});
        dnnl_memory_desc target = Dnnl.describe(dnnl_f32, new long[] {n}, new long[] {1});
        return compile(
                "arithmetic",
                (arithmetic, attributes) ->
                        dnnl_binary_primitive_desc_create(
                                arithmetic,
                                Dnnl.get().engine(),
                                algorithm,
                                first,
                                second,
                                target,
                                attributes),
                new int[] {DNNL_ARG_SRC_0, DNNL_ARG_SRC_1, DNNL_ARG_DST},
                first,
                second,
                target);
    }

    /** A call of the library that describes an operation, and returns its status. */
    private interface Description {
        int create(dnnl_primitive_desc operation, dnnl_primitive_attr attributes);
    }

    private static DnnlPrimitive compile(
            String what, Description description, int[] names, dnnl_memory_desc... descriptions) {
        dnnl_primitive_attr attributes = attributes(Finish.NOTHING);
        dnnl_primitive_desc operation = new dnnl_primitive_desc();
        try {
            Dnnl.check(description.create(operation, attributes), "compile " + what);
        } catch (RuntimeException e) {
            for (dnnl_memory_desc one : descriptions) {
                dnnl_memory_desc_destroy(one);
            }
            throw e;
        } finally {
            dnnl_primitive_attr_destroy(attributes);
        }
        return new DnnlPrimitive(operation, names, descriptions);
    }
}
