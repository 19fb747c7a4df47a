package org.oktoblas.kernels;

import java.util.Arrays;
import java.util.function.Function;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.cuda.ElementType;

/**
 * How a product is computed: by which kernel, in which tiles, and into how many parts its depth is
 * split. A pure function of the product and the device.
 *
 * @param way the kind of kernel
 * @param symbol the kernel
 * @param swapped whether the transposed result is computed, factors in the other order
 * @param copiesLeft whether the left factor, after swapping, is first brought into an aligned form
 * @param copiesRight whether the right one is
 * @param tileRows the rows of the result that a block computes
 * @param tileColumns the columns
 * @param splits into how many parts the depth is split, whose sums are then added
 * @param splitDepth the depth of all parts but the last
 * @param stages the tiles of the factors in shared memory
 * @param sharedBytes the shared memory that a block asks for
 */
record GemmPlan(
        Way way,
        String symbol,
        boolean swapped,
        boolean copiesLeft,
        boolean copiesRight,
        int tileRows,
        int tileColumns,
        int splits,
        int splitDepth,
        int stages,
        int sharedBytes) {

    /** Kinds of kernels. */
    enum Way {
        /** 16-bit floats on tensor cores. */
        TENSOR,
        /** float32 rounded to TF32 on tensor cores. */
        TF32,
        /** Strict float32. */
        SIMT,
        /** Any type and strides. */
        ANY,
        /** Few rows or columns, any type and strides. */
        NARROW
    }

    /** The rows of the result up to which reading the other factor is all that counts. */
    static final int NARROW_ROWS = 8;

    /** Up to so many multiplications, copies into a better form cost more than they bring. */
    private static final double FEW_MULTIPLICATIONS = 1 << 25;

    /** From so many multiplications on, factors for TF32 are copied to lie by depth. */
    private static final double MUCH_MULTIPLICATION = 1 << 29;

    /** Kernels count a part's depth, in bytes too, in 32 bits. */
    private static final int DEEPEST = 1 << 27;

    /** Results up to which their parts may be kept apart. */
    private static final long MOST_SPLIT_RESULTS = 1 << 24;

    private static final int MOST_STAGES = 4;

    /** Clocks that a second kernel costs, and the bytes that partial sums move in one. */
    private static final double SECOND_KERNEL_CLOCKS = 4000;

    private static final double BYTES_PER_CLOCK = 1500;

    /** The parts that a thread can add up in time. */
    private static final int MOST_NARROW_SPLITS = 128;

    private static final int[] SPLITS = {
        1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128
    };

    /**
     * A product's size.
     *
     * @param rows the rows of the result
     * @param columns its columns
     * @param depth what is summed over
     * @param batch the number of products
     */
    record Size(long rows, long columns, long depth, long batch) {

        double multiplications() {
            return (double) rows * columns * depth * batch;
        }

        Size swapped() {
            return new Size(columns, rows, depth, batch);
        }
    }

    /**
     * A tile that a block may compute, and what is expected of it.
     *
     * @param rates multiplications a clock of a multiprocessor that holds 1, 2, … blocks
     * @param blockClocks what a block costs beside multiplications
     */
    private record Tile(
            String name,
            int rows,
            int columns,
            int depth,
            int stages,
            int stageBytes,
            double[] rates,
            double blockClocks) {}

    /** Returns the blocks of a launch. */
    long blocks(Size size) {
        return ceil(size.rows, tileRows) * ceil(size.columns, tileColumns) * splits * size.batch;
    }

    /**
     * Plans a product whose result has elements.
     *
     * @param left the type of the left factor, which decides the arithmetic
     * @param right the type of the right factor: the same, or for float32 also 16-bit floats that
     *     lie by depth
     * @param tf32 whether float32 may be rounded to TF32
     * @param plain whether results are of the left factor's type and nothing is done to sums, as
     *     kernels for any type need it
     * @param kernels what is known of each kernel
     */
    static GemmPlan of(
            Size size,
            ElementType left,
            ElementType right,
            boolean tf32,
            boolean plain,
            Factor.Form leftForm,
            Factor.Form rightForm,
            DeviceProperties device,
            Function<String, Kernel> kernels) {
        if (plain && left == right && Math.min(size.rows, size.columns) <= NARROW_ROWS) {
            boolean swapped = size.columns < size.rows;
            return narrow(
                    swapped ? size.swapped() : size,
                    swapped,
                    left,
                    swapped ? leftForm : rightForm,
                    device,
                    kernels);
        }
        if (left == ElementType.F32 && tf32) {
            // Its kernels turn what does not lie by depth themselves, which costs more than a copy
            // where there is much to multiply.
            boolean much = size.multiplications() >= MUCH_MULTIPLICATION;
            return tensor(
                    Way.TF32,
                    "tensor_tf32",
                    "",
                    size,
                    much && leftForm != Factor.Form.BY_DEPTH,
                    much && rightForm != Factor.Form.BY_DEPTH,
                    device,
                    kernels);
        }
        boolean aligned = leftForm.isAligned() && rightForm.isAligned();
        boolean small = !aligned && size.multiplications() <= FEW_MULTIPLICATIONS;
        boolean sixteen = left == ElementType.F16 || left == ElementType.BF16;
        if (plain && small && left == right || left != ElementType.F32 && !sixteen) {
            return any(size, left, device, kernels);
        }
        boolean copiesLeft = !leftForm.isAligned();
        boolean copiesRight = !rightForm.isAligned();
        if (sixteen) {
            String layout =
                    "_" + (leftForm.isByRow() ? "m" : "k") + (rightForm.isByRow() ? "n" : "k");
            String prefix = "tensor_" + left.suffix();
            return tensor(
                    Way.TENSOR, prefix, layout, size, copiesLeft, copiesRight, device, kernels);
        }
        String type = "_" + right.suffix();
        Kernel kernel = kernels.apply("simt_f32_large" + type);
        Tile large = tile(kernel, "large", 1, 0, new double[] {85, 105}, 1500);
        Tile few = tile(kernel, "small", 1, 0, new double[] {45, 75, 85, 90}, 800);
        return best(
                Way.SIMT, "simt_f32_", type, size, copiesLeft, copiesRight, 4, device, large, few);
    }

    private static GemmPlan tensor(
            Way way,
            String prefix,
            String suffix,
            Size size,
            boolean copiesLeft,
            boolean copiesRight,
            DeviceProperties device,
            Function<String, Kernel> kernels) {
        Kernel kernel = kernels.apply(prefix + "_large" + suffix);
        double scale = way == Way.TF32 ? 0.5 : 1;
        int largeBytes = kernel.constant("largeStageBytes");
        int stages = Math.min(MOST_STAGES, device.sharedBytesPerBlock() / largeBytes);
        Tile large = tile(kernel, "large", stages, largeBytes, new double[] {900 * scale}, 3000);
        // Three stages leave room for four blocks where there is much shared memory.
        int smallBytes = kernel.constant("smallStageBytes");
        int resident = device.sharedBytesPerMultiprocessor() / (3 * smallBytes + 1024);
        double[] rates = {300 * scale, 500 * scale, 600 * scale, 650 * scale};
        double[] possible = Arrays.copyOf(rates, Math.max(1, Math.min(4, resident)));
        Tile few = tile(kernel, "small", 3, smallBytes, possible, 1500);
        return best(
                way, prefix + "_", suffix, size, copiesLeft, copiesRight, 2, device, large, few);
    }

    private static GemmPlan any(
            Size size,
            ElementType type,
            DeviceProperties device,
            Function<String, Kernel> kernels) {
        Kernel kernel = kernels.apply("any_" + type.suffix());
        Tile tile = tile(kernel, "small", 1, 0, new double[] {40, 60}, 800);
        GemmPlan plan = best(Way.ANY, "", "", size, false, false, 4, device, tile);
        return plan.named(kernel.symbol());
    }

    private GemmPlan named(String name) {
        return new GemmPlan(
                way,
                name,
                swapped,
                copiesLeft,
                copiesRight,
                tileRows,
                tileColumns,
                splits,
                splitDepth,
                stages,
                sharedBytes);
    }

    private static Tile tile(
            Kernel kernel,
            String name,
            int stages,
            int stageBytes,
            double[] rates,
            double blockClocks) {
        return new Tile(
                name,
                kernel.constant(name + "Rows"),
                kernel.constant(name + "Columns"),
                kernel.constant("stepDepth"),
                stages,
                stageBytes,
                rates,
                blockClocks);
    }

    /** Returns the plan that is expected to be done first. */
    private static GemmPlan best(
            Way way,
            String prefix,
            String suffix,
            Size size,
            boolean copiesLeft,
            boolean copiesRight,
            int fewestSteps,
            DeviceProperties device,
            Tile... tiles) {
        GemmPlan best = null;
        double bestClocks = Double.POSITIVE_INFINITY;
        for (Tile tile : tiles) {
            long steps = Math.max(1, ceil(size.depth, tile.depth));
            long most = Math.max(1, steps / fewestSteps);
            double results = (double) size.rows * size.columns * size.batch;
            long least = ceil(steps, DEEPEST / tile.depth);
            for (int wanted : SPLITS) {
                boolean needed = wanted == SPLITS[0];
                if (!needed && (wanted > most || results > MOST_SPLIT_RESULTS)) {
                    break;
                }
                long stepsEach = ceil(steps, Math.max(wanted, least));
                int splits = (int) ceil(steps, stepsEach);
                double clocks = clocks(size, tile, stepsEach * tile.depth, splits, device);
                if (clocks < bestClocks) {
                    bestClocks = clocks;
                    best =
                            new GemmPlan(
                                    way,
                                    prefix + tile.name + suffix,
                                    false,
                                    copiesLeft,
                                    copiesRight,
                                    tile.rows,
                                    tile.columns,
                                    splits,
                                    (int) (stepsEach * tile.depth),
                                    tile.stages,
                                    tile.stages * tile.stageBytes);
                }
            }
        }
        return best;
    }

    private static double clocks(
            Size size, Tile tile, long splitDepth, int splits, DeviceProperties device) {
        double blocks =
                (double) ceil(size.rows, tile.rows)
                        * ceil(size.columns, tile.columns)
                        * splits
                        * size.batch;
        double each = Math.ceil(blocks / device.multiprocessors());
        int resident = (int) Math.min(each, tile.rates.length);
        double clocks =
                each * tile.rows * tile.columns * splitDepth / tile.rates[resident - 1]
                        + Math.ceil(each / resident) * tile.blockClocks;
        if (splits > 1) {
            double sums = (double) size.rows * size.columns * size.batch;
            clocks += SECOND_KERNEL_CLOCKS + sums * Float.BYTES * (splits + 1) / BYTES_PER_CLOCK;
        }
        return clocks;
    }

    /** Plans a product with few rows, which is split until every multiprocessor reads. */
    private static GemmPlan narrow(
            Size size,
            boolean swapped,
            ElementType type,
            Factor.Form rightForm,
            DeviceProperties device,
            Function<String, Kernel> kernels) {
        boolean one = size.rows == 1;
        Kernel kernel = kernels.apply((one ? "narrow1_" : "narrow8_") + type.suffix());
        boolean byColumn = rightForm.isByRow();
        int rows = one ? 1 : NARROW_ROWS;
        int shared = kernel.constant("columnsShared");
        int columns =
                byColumn
                        ? kernel.constant("columnsByColumn")
                        : size.columns <= shared ? shared : kernel.constant("columnsByDepth");
        // Fewer depths are not worth a block.
        int least = byColumn ? 128 : columns == shared ? 2048 : 256;
        long blocks = ceil(size.rows, rows) * ceil(size.columns, columns) * size.batch;
        long splits = ceil(size.depth, DEEPEST);
        if (blocks < 2L * device.multiprocessors()) {
            long wanted = Math.min(ceil(4L * device.multiprocessors(), blocks), MOST_NARROW_SPLITS);
            splits = Math.max(splits, Math.min(wanted, size.depth / least));
        }
        splits = Math.max(1, splits);
        long splitDepth = Math.max(1, ceil(size.depth, splits));
        return new GemmPlan(
                Way.NARROW,
                kernel.symbol(),
                swapped,
                false,
                false,
                rows,
                columns,
                (int) Math.max(1, ceil(size.depth, splitDepth)),
                (int) splitDepth,
                1,
                0);
    }

    /**
     * Returns how many warps of a block share a column of a linear layer for few rows: 1, 2, 4 or
     * 8, so that there are blocks for all multiprocessors and work for all warps.
     *
     * @param depth the depth that a block has at hand
     * @param columnsEach the columns of a warp
     * @param depthEach the depth that a warp reads at once
     */
    static int share(
            long columns,
            long depth,
            int columnsEach,
            int depthEach,
            int warps,
            DeviceProperties device) {
        long groups = ceil(columns, columnsEach);
        int share = 1;
        while (share < warps
                && (long) share * depthEach < depth
                && groups * share < 2L * warps * device.multiprocessors()) {
            share *= 2;
        }
        return share;
    }

    static long ceil(long n, long by) {
        return (n + by - 1) / by;
    }
}
