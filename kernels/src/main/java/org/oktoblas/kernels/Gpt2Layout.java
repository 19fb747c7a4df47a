package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.oktoblas.kernels.Gpt2Structs.Groups;

/**
 * Where a GPT-2's weights lie in one block of memory, in bytes from its beginning. Vectors are
 * float32 and filled up with zeros to whole tiles of outputs, as kernels read them by tiles.
 */
final class Gpt2Layout {

    /** A layer's tensors, in the order of its table. */
    enum Part {
        GAIN1("ln_1.weight"),
        SHIFT1("ln_1.bias"),
        QKV("attn.c_attn.weight"),
        QKV_BIAS("attn.c_attn.bias"),
        MERGE("attn.c_proj.weight"),
        MERGE_BIAS("attn.c_proj.bias"),
        GAIN2("ln_2.weight"),
        SHIFT2("ln_2.bias"),
        UP("mlp.c_fc.weight"),
        UP_BIAS("mlp.c_fc.bias"),
        DOWN("mlp.c_proj.weight"),
        DOWN_BIAS("mlp.c_proj.bias");

        private final String suffix;

        Part(String suffix) {
            this.suffix = suffix;
        }

        /** Returns the tensor's name in a layer. */
        String name(int layer) {
            return "transformer.h." + layer + "." + suffix;
        }

        /** Returns whether it is a packed matrix. */
        boolean isMatrix() {
            return this == QKV || this == MERGE || this == UP || this == DOWN;
        }
    }

    /** What kernels multiply scores by is an exponent of 2. */
    private static final double LOG2_E = 1.4426950408889634;

    private static final int PARTS = Part.values().length;

    private final Gpt2Shape shape;
    private final long[] layers;
    private final BlockPlaces places = new BlockPlaces();

    private final long table;
    private final long tokens;
    private final long head;
    private final long positions;
    private final long lastGain;
    private final long lastShift;

    /**
     * Lays out.
     *
     * @param layerBytes of a layer in the table
     */
    Gpt2Layout(Gpt2Shape shape, int layerBytes) {
        this.shape = shape;
        table = places.take((long) shape.layers() * layerBytes);
        Groups vocabulary = Groups.of(shape.vocabulary());
        Groups hidden = Groups.of(shape.hidden());
        tokens = places.take(matrixBytes(vocabulary, hidden));
        head = shape.tiedHead() ? tokens : places.take(matrixBytes(vocabulary, hidden));
        positions = places.take((long) shape.context() * shape.hidden() * shape.type().bytes());
        lastGain = takeVector(shape.hidden());
        lastShift = takeVector(shape.hidden());
        layers = new long[shape.layers() * PARTS];
        for (int layer = 0; layer < shape.layers(); layer++) {
            // A step has memory bring a layer's vectors as one piece that begins with the first.
            for (Part part : Part.values()) {
                if (!part.isMatrix()) {
                    layers[layer * PARTS + part.ordinal()] = takeVector(outputs(part).packedSize());
                }
            }
            for (Part part : Part.values()) {
                if (part.isMatrix()) {
                    layers[layer * PARTS + part.ordinal()] =
                            places.take(matrixBytes(outputs(part), depths(part)));
                }
            }
        }
    }

    private long takeVector(int length) {
        return places.take((long) Gpt2Shape.roundUp(length, Gpt2Shape.TILE_OUTPUTS) * Float.BYTES);
    }

    /** Returns the bytes of a packed matrix. */
    long matrixBytes(Groups outputs, Groups depths) {
        return (long) outputTiles(outputs.packedSize())
                * shape.depthTiles(depths.packedSize())
                * Gpt2Shape.TILE_OUTPUTS
                * Gpt2Shape.TILE_BYTES;
    }

    static int outputTiles(int outputs) {
        return Gpt2Shape.up(outputs, Gpt2Shape.TILE_OUTPUTS);
    }

    /** Returns the outputs of a matrix, or the elements of a vector. */
    Groups outputs(Part part) {
        return switch (part) {
            case QKV, QKV_BIAS ->
                    new Groups(3 * shape.heads(), shape.headWidth(), shape.packedHeadWidth());
            case UP, UP_BIAS -> Groups.of(shape.inner());
            default -> Groups.of(shape.hidden());
        };
    }

    /** Returns the depth of a matrix. */
    Groups depths(Part part) {
        return switch (part) {
            case MERGE -> new Groups(shape.heads(), shape.headWidth(), shape.packedHeadWidth());
            case DOWN -> Groups.of(shape.inner());
            default -> Groups.of(shape.hidden());
        };
    }

    /** Returns the bytes of all weights. */
    long byteSize() {
        return places.byteSize();
    }

    long tokens() {
        return tokens;
    }

    long head() {
        return head;
    }

    long positions() {
        return positions;
    }

    long lastGain() {
        return lastGain;
    }

    long lastShift() {
        return lastShift;
    }

    long table() {
        return table;
    }

    /** Returns where a layer's part lies. */
    long of(int layer, Part part) {
        return layers[layer * PARTS + part.ordinal()];
    }

    /** Returns the addresses of all weights in a block at an address. */
    Gpt2Structs.Weights at(long base) {
        return new Gpt2Structs.Weights(
                base + table,
                base + tokens,
                base + head,
                base + positions,
                base + lastGain,
                base + lastShift);
    }

    /** Returns the table of layers for a block at an address: {@code Layer}. */
    ByteBuffer tableAt(long base, int layerBytes) {
        ByteBuffer buffer =
                ByteBuffer.allocate(shape.layers() * layerBytes).order(ByteOrder.nativeOrder());
        for (int layer = 0; layer < shape.layers(); layer++) {
            buffer.position(layer * layerBytes);
            for (Part part : Part.values()) {
                buffer.putLong(base + of(layer, part));
            }
            buffer.putFloat((float) (shape.attentionScales().get(layer) * LOG2_E));
        }
        return buffer.clear();
    }
}
