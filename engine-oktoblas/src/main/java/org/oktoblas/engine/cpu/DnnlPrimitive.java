package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCRATCHPAD;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_impl_info_str;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_scratchpad_md;

import ai.djl.engine.EngineException;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One compiled operation of oneDNN for one set of shapes. Any number of threads may execute it:
 * each takes a prepared set of arguments, in which only addresses change, and puts it back where it
 * finds it again, because another's would first have to come from another core's cache.
 *
 * <p>Counted by reference, because the cache may drop it while a thread executes it.
 */
final class DnnlPrimitive {

    private static final Logger LOGGER = LoggerFactory.getLogger(DnnlPrimitive.class);

    /** Places for threads' own arguments: enough for helpers and as many callers. */
    private static final int PLACES = 2 * Parallel.THREADS;

    /** How many references apart those are, not to share a pair of cache lines. */
    private static final int APART = 32;

    private static final AtomicInteger THREAD_COUNT = new AtomicInteger();

    /** A thread's place, in the order in which threads come here. */
    private static final ThreadLocal<Integer> PLACE =
            ThreadLocal.withInitial(
                    () -> Math.floorMod(THREAD_COUNT.getAndIncrement(), PLACES) * APART);

    private final dnnl_primitive primitive = new dnnl_primitive();
    private final int[] names;
    private final dnnl_memory_desc[] descriptions;
    private final long scratchBytes;

    /** What the scratchpad is, or null if the operation needs none. */
    private final dnnl_memory_desc scratch;

    private final String implementation;
    private final AtomicReferenceArray<Arguments> own = new AtomicReferenceArray<>(PLACES * APART);

    /** Those whose place was taken. */
    private final ConcurrentLinkedDeque<Arguments> free = new ConcurrentLinkedDeque<>();

    private final AtomicInteger references = new AtomicInteger(1);

    /**
     * Compiles an operation.
     *
     * @param description what to compile; destroyed here
     * @param names oneDNN's names of the arguments, in the order of {@link #execute}'s addresses
     * @param descriptions the arguments' descriptions; they now belong to this object
     */
    DnnlPrimitive(dnnl_primitive_desc description, int[] names, dnnl_memory_desc[] descriptions) {
        this.descriptions = descriptions.clone();
        int count = names.length;
        // The scratchpad is ours to give: the library's own would tie the operation to one thread.
        dnnl_memory_desc scratchpad =
                dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
        scratchBytes = scratchpad == null ? 0 : dnnl_memory_desc_get_size(scratchpad);
        scratch = scratchBytes > 0 ? Dnnl.copy(scratchpad) : null;
        this.names = Arrays.copyOf(names, scratch == null ? count : count + 1);
        if (scratch != null) {
            this.names[count] = DNNL_ARG_SCRATCHPAD;
        }
        implementation = implementation(description);
        try {
            Dnnl.check(dnnl_primitive_create(primitive, description), "compile an operation");
        } finally {
            dnnl_primitive_desc_destroy(description);
        }
    }

    /**
     * Returns an operation if the library has code made for this processor, or null: its reference
     * code is slower than ours.
     */
    static DnnlPrimitive ifFast(Supplier<DnnlPrimitive> compiler) {
        DnnlPrimitive primitive;
        try {
            primitive = compiler.get();
        } catch (EngineException e) {
            LOGGER.debug("An operation is left to Java.", e);
            return null;
        }
        if (primitive.implementation.startsWith("jit")) {
            return primitive;
        }
        primitive.release();
        return null;
    }

    /** Returns the library's name of the implementation that it chose. */
    static String implementation(dnnl_primitive_desc description) {
        try (PointerPointer<BytePointer> result = new PointerPointer<>(1)) {
            int status =
                    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, result);
            return status == 0 ? result.get(BytePointer.class, 0).getString() : "unknown";
        }
    }

    /** Adds a reference, if the primitive still exists. */
    boolean retain() {
        int count = references.get();
        while (count > 0) {
            if (references.compareAndSet(count, count + 1)) {
                return true;
            }
            count = references.get();
        }
        return false;
    }

    /** Gives a reference back; the last one destroys the primitive. */
    void release() {
        if (references.decrementAndGet() > 0) {
            return;
        }
        for (int i = 0; i < own.length(); i++) {
            Arguments arguments = own.getAndSet(i, null);
            if (arguments != null) {
                arguments.destroy();
            }
        }
        for (Arguments arguments = free.poll(); arguments != null; arguments = free.poll()) {
            arguments.destroy();
        }
        dnnl_primitive_destroy(primitive);
        for (dnnl_memory_desc description : descriptions) {
            dnnl_memory_desc_destroy(description);
        }
        if (scratch != null) {
            dnnl_memory_desc_destroy(scratch);
        }
    }

    /** Executes the operation on the calling thread; addresses are in their order. */
    void execute(CpuMemory memory, long... addresses) {
        CpuStorage space = scratchBytes > 0 ? memory.allocate(scratchBytes) : null;
        int place = PLACE.get();
        try {
            Arguments arguments = takeFrom(place);
            try {
                for (int i = 0; i < addresses.length; i++) {
                    arguments.set(i, addresses[i]);
                }
                if (space != null) {
                    arguments.set(addresses.length, space.address());
                }
                Dnnl.check(
                        OpenMp.onThisThread(
                                () ->
                                        dnnl_primitive_execute(
                                                primitive,
                                                Dnnl.get().stream(),
                                                names.length,
                                                arguments.list)),
                        "execute an operation");
            } finally {
                if (!own.compareAndSet(place, null, arguments)) {
                    free.push(arguments);
                }
            }
        } finally {
            if (space != null) {
                space.release();
            }
        }
    }

    private Arguments takeFrom(int place) {
        Arguments arguments = own.getAndSet(place, null);
        if (arguments == null) {
            arguments = free.poll();
        }
        return arguments == null ? new Arguments() : arguments;
    }

    /** One thread's arguments. */
    private final class Arguments {

        private final dnnl_exec_arg_t list = new dnnl_exec_arg_t(names.length);
        private final dnnl_memory[] memories = new dnnl_memory[names.length];
        private final long[] addresses = new long[names.length];
        private final Address address = new Address();

        Arguments() {
            for (int i = 0; i < names.length; i++) {
                memories[i] = new dnnl_memory();
                dnnl_memory_desc description = i < descriptions.length ? descriptions[i] : scratch;
                Dnnl.check(
                        dnnl_memory_create(
                                memories[i], description, Dnnl.get().engine(), address.at(0)),
                        "describe memory");
                list.position(i).arg(names[i]);
                list.memory(memories[i]);
            }
            list.position(0);
        }

        void set(int index, long value) {
            if (addresses[index] != value) {
                Dnnl.check(
                        dnnl_memory_set_data_handle(memories[index], address.at(value)),
                        "use memory");
                addresses[index] = value;
            }
        }

        void destroy() {
            for (dnnl_memory memory : memories) {
                dnnl_memory_destroy(memory);
            }
            list.deallocate();
        }
    }

    /** A pointer that can be set to any address and owns none. */
    private static final class Address extends Pointer {

        Address at(long value) {
            address = value;
            return this;
        }
    }
}
