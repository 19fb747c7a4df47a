package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceMemory;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Workspace;
import org.oktoblas.kernels.Gpt2Layout.Part;
import org.oktoblas.kernels.Gpt2Structs.Groups;

/**
 * Brings a GPT-2's weights to a device. All tensors pass through one piece of memory, which holds
 * the largest linear layer; the token table passes in pieces.
 */
final class Gpt2Packer {

    private static final int MOST_BLOCKS = 4096;
    private static final int UNIT_BYTES = 8;

    /** Less would be many small copies. */
    private static final long LEAST_STAGE = 1 << 20;

    private final CudaStream stream;
    private final Gpt2Shape shape;
    private final Elementwise elementwise;
    private final CudaKernel kernel;
    private final Gpt2Decoder.Source source;
    private final Gpt2Layout layout;
    private final int layerBytes;
    private final long stageBytes;

    private Gpt2Packer(
            CudaStream stream,
            Gpt2Shape shape,
            Elementwise elementwise,
            Gpt2Decoder.Source source) {
        this.stream = stream;
        this.shape = shape;
        this.elementwise = elementwise;
        this.source = source;
        CudaDevice device = stream.device();
        kernel = device.kernel("gpt2_pack_" + shape.type().suffix());
        layerBytes = kernel.constant("layerBytes");
        layout = new Gpt2Layout(shape, layerBytes);
        stageBytes = stageBytes();
    }

    /**
     * Packs weights in a stream's order.
     *
     * @throws IllegalArgumentException if a tensor has another shape or type than it should
     * @throws org.oktoblas.cuda.CudaOutOfMemoryException if there is not enough memory
     */
    static Gpt2Weights pack(
            CudaStream stream,
            Gpt2Shape shape,
            Elementwise elementwise,
            Gpt2Decoder.Source source) {
        return new Gpt2Packer(stream, shape, elementwise, source).pack();
    }

    private Gpt2Weights pack() {
        stream.lock().lock();
        try {
            DeviceMemory memory = stream.allocate(layout.byteSize());
            try (Workspace stage = stream.workspace(stageBytes)) {
                memory.writeOn(stream);
                // Vectors are filled up with zeros.
                stream.fill(memory.address(), 0, layout.byteSize());
                packAll(memory.address(), stage.address());
                return new Gpt2Weights(memory, layout);
            } catch (RuntimeException | Error e) {
                Closing.after(e, List.<AutoCloseable>of(memory::free));
                throw e;
            }
        } finally {
            stream.lock().unlock();
        }
    }

    /** Returns the bytes of the largest tensor but tables, which pass in pieces. */
    private long stageBytes() {
        // A tile of outputs of the token table at least.
        long most =
                Math.max(LEAST_STAGE, (long) Gpt2Shape.TILE_OUTPUTS * shape.hidden() * Float.BYTES);
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (Part part : Part.values()) {
                String name = part.name(layer);
                long elements = Arrays.stream(source.shape(name)).reduce(1, (a, b) -> a * b);
                most = Math.max(most, elements * source.type(name).bytes());
            }
        }
        return most;
    }

    private void packAll(long base, long stage) {
        stream.upload(layout.tableAt(base, layerBytes), base + layout.table());
        packTable("transformer.wte.weight", base + layout.tokens(), stage);
        if (!shape.tiedHead()) {
            packTable("lm_head.weight", base + layout.head(), stage);
        }
        copyPositions(base + layout.positions(), stage);
        copyVector("transformer.ln_f.weight", Part.GAIN1, base + layout.lastGain(), stage);
        copyVector("transformer.ln_f.bias", Part.SHIFT1, base + layout.lastShift(), stage);
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (Part part : Part.values()) {
                long to = base + layout.of(layer, part);
                if (part.isMatrix()) {
                    packLinear(part.name(layer), part, to, stage);
                } else {
                    copyVector(part.name(layer), part, to, stage);
                }
            }
        }
    }

    /** Returns a tensor's elements after a look at what it is. */
    private ByteBuffer data(String name, long... expected) {
        long[] given = source.shape(name);
        if (!Arrays.equals(given, expected)) {
            throw new IllegalArgumentException(
                    "The weight "
                            + name
                            + " has shape "
                            + Arrays.toString(given)
                            + " where the network needs "
                            + Arrays.toString(expected)
                            + ".");
        }
        ElementType type = source.type(name);
        if (type != ElementType.F32 && type != ElementType.F16 && type != ElementType.BF16) {
            throw new IllegalArgumentException(
                    "The weight " + name + " is " + type + ", not float32, float16 or bfloat16.");
        }
        ByteBuffer data = source.data(name).duplicate();
        long bytes = Arrays.stream(expected).reduce(type.bytes(), (a, b) -> a * b);
        if (data.remaining() != bytes) {
            throw new IllegalArgumentException(
                    "The weight "
                            + name
                            + " has "
                            + data.remaining()
                            + " bytes where its shape needs "
                            + bytes
                            + ".");
        }
        return data;
    }

    private int code(ElementType type) {
        return kernel.constant(
                switch (type) {
                    case F32 -> "fromF32";
                    case F16 -> "fromF16";
                    default -> "fromBf16";
                });
    }

    /** Packs (depth, outputs). */
    private void packLinear(String name, Part part, long to, long stage) {
        Groups outputs = layout.outputs(part);
        Groups depths = layout.depths(part);
        stream.upload(data(name, depths.size(), outputs.size()), stage);
        launch(source.type(name), stage, to, 1, outputs.size(), outputs, depths);
    }

    /** Packs (outputs, depth), some rows at a time. */
    private void packTable(String name, long to, long stage) {
        int rows = shape.vocabulary();
        ByteBuffer data = data(name, rows, shape.hidden());
        ElementType type = source.type(name);
        int rowBytes = shape.hidden() * type.bytes();
        Groups depths = Groups.of(shape.hidden());
        int most = (int) Math.min(rows, stageBytes / rowBytes);
        most = Math.max(1, most / Gpt2Shape.TILE_OUTPUTS) * Gpt2Shape.TILE_OUTPUTS;
        int start = data.position();
        for (int first = 0; first < rows; first += most) {
            int count = Math.min(most, rows - first);
            data.limit(start + (first + count) * rowBytes).position(start + first * rowBytes);
            stream.upload(data, stage);
            long at = to + layout.matrixBytes(Groups.of(first), depths);
            launch(type, stage, at, shape.hidden(), 1, Groups.of(count), depths);
        }
    }

    private void launch(
            ElementType type,
            long from,
            long to,
            long outputStride,
            long depthStride,
            Groups outputs,
            Groups depths) {
        long units = layout.matrixBytes(outputs, depths) / UNIT_BYTES;
        int blocks = (int) Math.min(MOST_BLOCKS, (units - 1) / kernel.threads() + 1);
        stream.launch(
                kernel,
                blocks,
                Gpt2Structs.packing(
                        new Gpt2Structs.Packing(
                                from,
                                to,
                                outputStride,
                                depthStride,
                                units,
                                code(type),
                                shape.depthTiles(depths.packedSize()),
                                outputs,
                                depths)));
    }

    /** Copies a vector as float32, its groups as wide as a matrix's outputs. */
    private void copyVector(String name, Part part, long to, long stage) {
        Groups groups = layout.outputs(part);
        stream.upload(data(name, groups.size()), stage);
        long[] lengths = {groups.count(), groups.width()};
        elementwise.copy(
                stream,
                DeviceTensor.dense(stage, source.type(name), lengths),
                new DeviceTensor(
                        to, ElementType.F32, lengths, new long[] {groups.packedWidth(), 1}));
    }

    /** Copies the position table, some rows at a time. */
    private void copyPositions(long to, long stage) {
        String name = "transformer.wpe.weight";
        int width = shape.hidden();
        ByteBuffer data = data(name, shape.context(), width);
        ElementType type = source.type(name);
        int rowBytes = width * type.bytes();
        int most = (int) Math.max(1, stageBytes / rowBytes);
        int start = data.position();
        for (int first = 0; first < shape.context(); first += most) {
            int count = Math.min(most, shape.context() - first);
            data.limit(start + (first + count) * rowBytes).position(start + first * rowBytes);
            stream.upload(data, stage);
            long at = to + (long) first * width * shape.type().bytes();
            elementwise.copy(
                    stream,
                    DeviceTensor.dense(stage, type, count, width),
                    DeviceTensor.dense(at, shape.type(), count, width));
        }
    }
}
