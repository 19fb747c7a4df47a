package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_get_effective_cpu_isa;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_set_primitive_cache_capacity;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_default_flags;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;
import static org.bytedeco.dnnl.global.dnnl.dnnl_version;

import ai.djl.engine.EngineException;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Intel's oneDNN, loaded once a process. */
final class Dnnl {

    private static final Logger LOGGER = LoggerFactory.getLogger(Dnnl.class);

    /** Primitives that the library itself remembers; ours are kept by {@link DnnlPrimitives}. */
    private static final int LIBRARY_CACHE = 64;

    /** The library, or null where it does not load. */
    private static final Dnnl INSTANCE = load();

    private final dnnl_engine engine = new dnnl_engine();
    private final dnnl_stream stream = new dnnl_stream();

    private Dnnl() {
        check(dnnl_engine_create(engine, dnnl_cpu, 0), "create its CPU engine");
        check(dnnl_stream_create(stream, engine, dnnl_stream_default_flags), "create a stream");
        check(dnnl_set_primitive_cache_capacity(LIBRARY_CACHE), "limit its cache");
    }

    /** Returns the library, or null where it did not load. */
    static Dnnl get() {
        return INSTANCE;
    }

    /** Returns the library, or null where it did not load or multiplies by its reference code. */
    static Dnnl ifFast() {
        if (INSTANCE != null
                && DnnlOperations.weightLayout(dnnl_f32, dnnl_f32, 128, 256, 256) == null) {
            LOGGER.warn(
                    "oneDNN has no fast products for this processor ({}), so matrices are"
                            + " multiplied in plain Java.",
                    System.getProperty("os.arch"));
            return null;
        }
        return INSTANCE;
    }

    private static Dnnl load() {
        // JavaCPP would count the process's memory against limits of its own.
        defaultProperty("org.bytedeco.javacpp.maxBytes", "0");
        defaultProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        try {
            // The library works on the thread that calls it, and Parallel spreads the work: two
            // pools of threads would take the processors from each other.
            return Environment.with(Map.of("OMP_NUM_THREADS", "1"), Dnnl::new);
        } catch (LinkageError | RuntimeException e) {
            LOGGER.warn(
                    "oneDNN does not load on {} {}, so matrices are multiplied in plain Java, which"
                            + " is several times slower: {}",
                    System.getProperty("os.name"),
                    System.getProperty("os.arch"),
                    e.toString());
            return null;
        }
    }

    private static void defaultProperty(String name, String value) {
        if (System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }

    dnnl_engine engine() {
        return engine;
    }

    /** Returns the stream; on the CPU it holds no state, and many threads may use it. */
    dnnl_stream stream() {
        return stream;
    }

    /** Returns the library's version and the instructions that it uses. */
    String description() {
        dnnl_version_t version = dnnl_version();
        return "oneDNN "
                + version.major()
                + "."
                + version.minor()
                + "."
                + version.patch()
                + " ("
                + instructions()
                + ")";
    }

    private static String instructions() {
        int isa = dnnl_get_effective_cpu_isa();
        return switch (isa) {
            case dnnl.dnnl_cpu_isa_sse41 -> "SSE 4.1";
            case dnnl.dnnl_cpu_isa_avx -> "AVX";
            case dnnl.dnnl_cpu_isa_avx2 -> "AVX2";
            case dnnl.dnnl_cpu_isa_avx2_vnni, dnnl.dnnl_cpu_isa_avx2_vnni_2 -> "AVX2 VNNI";
            case dnnl.dnnl_cpu_isa_avx512_core -> "AVX-512";
            case dnnl.dnnl_cpu_isa_avx512_core_vnni -> "AVX-512 VNNI";
            case dnnl.dnnl_cpu_isa_avx512_core_bf16 -> "AVX-512 BF16";
            case dnnl.dnnl_cpu_isa_avx10_1_512 -> "AVX10.1 FP16";
            case dnnl.dnnl_cpu_isa_avx10_1_512_amx -> "AMX";
            case dnnl.dnnl_cpu_isa_avx10_1_512_amx_fp16 -> "AMX FP16";
            default -> isa == 0 ? "portable" : "instruction set 0x" + Integer.toHexString(isa);
        };
    }

    /** Throws if a call of the library failed. */
    static void check(int status, Object what) {
        if (status != dnnl_success) {
            throw new EngineException(
                    "oneDNN could not "
                            + what
                            + ": "
                            + reason(status)
                            + " (status "
                            + status
                            + ").");
        }
    }

    private static String reason(int status) {
        return switch (status) {
            case dnnl.dnnl_out_of_memory -> "out of memory";
            case dnnl.dnnl_invalid_arguments -> "invalid arguments";
            case dnnl.dnnl_unimplemented -> "not implemented for this case";
            default -> "an error inside the library";
        };
    }

    /** Describes a strided matrix or batch of them. */
    static dnnl_memory_desc describe(int type, long[] shape, long[] strides) {
        dnnl_memory_desc description = new dnnl_memory_desc();
        check(
                dnnl_memory_desc_create_with_strides(
                        description, shape.length, shape, type, strides),
                "describe a matrix");
        return description;
    }

    /** Describes a matrix in the layout that the library likes best. */
    static dnnl_memory_desc describeAny(int type, long... shape) {
        dnnl_memory_desc description = new dnnl_memory_desc();
        check(
                dnnl_memory_desc_create_with_tag(
                        description, shape.length, shape, type, dnnl.dnnl_format_tag_any),
                "describe a matrix");
        return description;
    }

    /** Returns a copy of a description, to be destroyed by itself. */
    static dnnl_memory_desc copy(dnnl_memory_desc description) {
        dnnl_memory_desc copy = new dnnl_memory_desc();
        check(dnnl_memory_desc_clone(copy, description), "copy a description");
        return copy;
    }

    /** Returns a dimension of what is described. */
    static long size(dnnl_memory_desc description, int axis) {
        try (PointerPointer<LongPointer> result = new PointerPointer<>(1)) {
            check(
                    dnnl_memory_desc_query(description, dnnl.dnnl_query_dims, result),
                    "tell a shape");
            return result.get(LongPointer.class, 0).get(axis);
        }
    }

    /** Returns whether two matrices of elements of one width have their elements in one order. */
    static boolean isSameOrder(dnnl_memory_desc a, dnnl_memory_desc b) {
        int blocks = blockCount(a);
        if (blocks != blockCount(b)
                || dnnl_memory_desc_get_size(a) != dnnl_memory_desc_get_size(b)) {
            return false;
        }
        return isSame(a, b, dnnl.dnnl_query_strides, 2)
                && isSame(a, b, dnnl.dnnl_query_padded_dims, 2)
                && isSame(a, b, dnnl.dnnl_query_inner_blks, blocks)
                && isSame(a, b, dnnl.dnnl_query_inner_idxs, blocks);
    }

    private static int blockCount(dnnl_memory_desc description) {
        try (IntPointer result = new IntPointer(1)) {
            check(
                    dnnl_memory_desc_query(description, dnnl.dnnl_query_inner_nblks_s32, result),
                    "tell a layout");
            return result.get();
        }
    }

    private static boolean isSame(dnnl_memory_desc a, dnnl_memory_desc b, int what, int count) {
        try (PointerPointer<LongPointer> first = new PointerPointer<>(1);
                PointerPointer<LongPointer> second = new PointerPointer<>(1)) {
            check(dnnl_memory_desc_query(a, what, first), "tell a layout");
            check(dnnl_memory_desc_query(b, what, second), "tell a layout");
            for (int i = 0; i < count; i++) {
                if (first.get(LongPointer.class, 0).get(i)
                        != second.get(LongPointer.class, 0).get(i)) {
                    return false;
                }
            }
            return true;
        }
    }
}
