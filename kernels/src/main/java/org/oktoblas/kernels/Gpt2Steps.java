package org.oktoblas.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;

/**
 * The kernels that take a GPT-2 one step further, for one column where the device has them for it,
 * for few and for many. Which of them takes a column changes none of its bits.
 */
final class Gpt2Steps {

    private static final int[] GROUPS = {1, 2, 4};
    private static final int COLUMNS_OF_GROUP = 8;

    /** More slots than any kernel's ring of weights has. */
    private static final int MOST_SLOTS = 8;

    /** A kernel for up to so many columns. */
    private record Way(int columns, CudaKernel kernel, Gpt2StepShared shared) {}

    private final List<Way> ways;

    /** For one column whose logits are wanted. */
    private final Optional<Way> single;

    private final Gpt2Structs structs;
    private final int structColumns;
    private final int grid;

    private Gpt2Steps(List<Way> ways, Optional<Way> single, Gpt2Structs structs, int grid) {
        this.ways = ways;
        this.single = single;
        this.structs = structs;
        this.grid = grid;
        structColumns = ways.get(0).kernel.constant("mostColumns");
    }

    /** Returns the kernels for a network, or nothing if the device can run none of them. */
    static Optional<Gpt2Steps> find(CudaDevice device, Gpt2Shape shape, Gpt2Structs structs) {
        List<Way> ways = new ArrayList<>();
        if (device.properties().cooperativeLaunch()) {
            for (int groups : GROUPS) {
                find(device, shape, groups).ifPresent(ways::add);
            }
        }
        return ways.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Gpt2Steps(
                                ways,
                                findSingle(device, shape),
                                structs,
                                device.properties().multiprocessors()));
    }

    private static Optional<Way> find(CudaDevice device, Gpt2Shape shape, int groups) {
        return find(
                symbol ->
                        device.hasKernel(symbol)
                                ? Optional.of(device.kernel(symbol))
                                : Optional.empty(),
                "gpt2_step_" + shape.type().suffix() + "_" + groups + "_",
                COLUMNS_OF_GROUP * groups,
                (kernel, slots) -> Gpt2StepShared.of(kernel::constant, shape, groups, slots));
    }

    /** There is machine code for Hopper alone, no portable one. */
    private static Optional<Way> findSingle(CudaDevice device, Gpt2Shape shape) {
        return find(
                device::kernelIfCompiled,
                "gpt2_single_" + shape.type().suffix() + "_",
                1,
                (kernel, slots) -> Gpt2StepShared.single(kernel::constant, shape, slots));
    }

    /** Returns the kernel with the longest rings that fit a block's shared memory. */
    private static Optional<Way> find(
            Function<String, Optional<CudaKernel>> kernels,
            String symbol,
            int columns,
            BiFunction<CudaKernel, Integer, Gpt2StepShared> layout) {
        for (int slots = MOST_SLOTS; slots > 0; slots--) {
            Optional<CudaKernel> kernel = kernels.apply(symbol + slots);
            if (kernel.isPresent()) {
                Gpt2StepShared shared = layout.apply(kernel.get(), slots);
                if (kernel.get().blocksPerMultiprocessor(shared.bytes()) > 0) {
                    return Optional.of(new Way(columns, kernel.get(), shared));
                }
            }
        }
        return Optional.empty();
    }

    /** Returns the most columns of a step. */
    int mostColumns() {
        return ways.get(ways.size() - 1).columns;
    }

    /** Returns the warps of a step's grid, each of which leaves a candidate for each column. */
    int warps() {
        return grid * ways.get(0).kernel.constant("blockWarps");
    }

    /** Returns a constant of the kernels. */
    int constant(String name) {
        return ways.get(0).kernel.constant(name);
    }

    /** Returns whether a step of so many columns can append the likeliest token itself. */
    boolean takesLikeliest(int columns) {
        return columns == 1 && single.isPresent();
    }

    /**
     * Takes a step; the stream's lock is held.
     *
     * @param likeliest none where {@link #takesLikeliest} does not hold
     * @param slots the sequence of each column
     * @param positions of each column's token, or -1 for the sequence's newest
     * @param first of the columns in the two arrays
     * @param count columns, up to {@link #mostColumns}
     */
    void launch(
            CudaStream stream,
            Gpt2Structs.Weights weights,
            Gpt2Structs.Sequences sequences,
            Gpt2Activations activations,
            Gpt2Structs.Results results,
            Gpt2Structs.Likeliest likeliest,
            int[] slots,
            int[] positions,
            int first,
            int count) {
        boolean alone = count == 1 && results.wanted() && single.isPresent();
        Way way = alone ? single.get() : wayFor(count);
        stream.launchCooperative(
                way.kernel,
                grid,
                way.shared.bytes(),
                structs.step(
                        weights,
                        sequences,
                        activations.addresses(),
                        results,
                        likeliest,
                        activations.launch(way.shared, alone),
                        slots,
                        positions,
                        first,
                        count,
                        structColumns));
    }

    private Way wayFor(int columns) {
        return ways.stream().filter(way -> way.columns >= columns).findFirst().orElseThrow();
    }
}
