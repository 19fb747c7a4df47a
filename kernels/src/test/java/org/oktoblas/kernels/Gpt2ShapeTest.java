package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.ArgumentSizes;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Gpt2Layout.Part;
import org.oktoblas.kernels.Gpt2Structs.Groups;

/** How a GPT-2 is divided, without a GPU. */
class Gpt2ShapeTest {

    private static Gpt2Shape shape(ElementType type, int layers, int hidden, int heads) {
        return new Gpt2Shape(
                type,
                layers,
                hidden,
                heads,
                4 * hidden,
                50257,
                1024,
                "geluTanh",
                1e-5f,
                Collections.nCopies(layers, 0.125),
                true);
    }

    private static void refuses(String why, Gpt2Shape shape) {
        String text = shape.whyUnsupported().orElse("supported");
        assertTrue(text.contains(why), text);
    }

    @Test
    void theUsualOnesAreSupported() {
        int[][] usual = {{12, 768, 12}, {24, 1024, 16}, {36, 1280, 20}, {48, 1600, 25}};
        for (int[] size : usual) {
            for (ElementType type : List.of(ElementType.F32, ElementType.F16, ElementType.BF16)) {
                Gpt2Shape shape = shape(type, size[0], size[1], size[2]);
                assertEquals("", shape.whyUnsupported().orElse(""));
                assertEquals(64, shape.packedHeadWidth());
                assertEquals(size[1] * type.bytes() / 32, shape.hiddenTiles());
                assertEquals(4, shape.downSlices());
            }
        }
    }

    @Test
    void othersAreToldWhy() {
        refuses("hidden size of 770", shape(ElementType.F16, 2, 770, 2));
        refuses("hidden size of 2052", shape(ElementType.F16, 2, 2052, 12));
        refuses("hidden size of 2", shape(ElementType.F16, 2, 2, 1));
        refuses("5 heads", shape(ElementType.F16, 2, 768, 5));
        refuses("384 wide", shape(ElementType.F16, 2, 768, 2));
        refuses("97 layers", shape(ElementType.F16, 97, 768, 12));
        refuses("F64", shape(ElementType.F64, 2, 768, 12));
        refuses("is 0", shape(ElementType.F32, 0, 768, 12));
    }

    @Test
    void headsAreFilledUp() {
        Gpt2Shape shape = shape(ElementType.F16, 2, 100, 5);
        assertEquals(20, shape.headWidth());
        assertEquals(24, shape.packedHeadWidth());
        assertEquals(120, shape.attention());
        assertEquals(8, shape.attentionTiles());
        assertEquals(1, shape.mergeSlices());
        assertEquals(20, shape(ElementType.F32, 2, 100, 5).packedHeadWidth());
        // 48 tiles are three slices of 16; 100 are four of 25; 33 are three of 11.
        assertEquals(3, shape(ElementType.F16, 2, 768, 12).mergeSlices());
        assertEquals(4, shape(ElementType.F16, 2, 1600, 25).mergeSlices());
        assertEquals(3, shape(ElementType.F16, 2, 528, 11).mergeSlices());
        assertEquals(64L * 120 * 2, shape.pageValueBytes());
        assertEquals(2 * 2 * 64L * 120 * 2, shape.pageBytes());
        assertEquals(16, shape.mostPages());
    }

    @Test
    void weightsDoNotOverlap() {
        for (ElementType type : List.of(ElementType.F32, ElementType.F16, ElementType.BF16)) {
            Gpt2Shape shape = shape(type, 3, 100, 5);
            Gpt2Layout layout = new Gpt2Layout(shape, 104);
            // By where they begin: how long the parts are.
            TreeMap<Long, Long> parts = new TreeMap<>();
            for (int layer = 0; layer < 3; layer++) {
                for (Part part : Part.values()) {
                    long bytes =
                            part.isMatrix()
                                    ? layout.matrixBytes(layout.outputs(part), layout.depths(part))
                                    : (long) layout.outputs(part).packedSize() * Float.BYTES;
                    assertEquals(0, layout.of(layer, part) % 256);
                    assertNull(parts.put(layout.of(layer, part), bytes));
                }
                // Kernels ask memory for a layer's vectors as one piece that begins with the first.
                assertTrue(layout.of(layer, Part.DOWN_BIAS) < layout.of(layer, Part.QKV));
            }
            long end = layout.lastShift() + 100 * Float.BYTES;
            for (Map.Entry<Long, Long> part : parts.entrySet()) {
                assertTrue(part.getKey() >= end);
                end = part.getKey() + part.getValue();
            }
            assertTrue(layout.byteSize() >= end);
            assertEquals(layout.tokens(), layout.head());
        }
    }

    @Test
    void constantsAreTheKernels() {
        KernelLibrary library = BuiltKernels.library();
        Kernel step = library.kernel("gpt2_step_f16_1_8");
        assertEquals(step.constant("tileOutputs"), Gpt2Shape.TILE_OUTPUTS);
        assertEquals(step.constant("tileBytes"), Gpt2Shape.TILE_BYTES);
        assertEquals(step.constant("pagePositions"), Gpt2Shape.PAGE_POSITIONS);
        assertEquals(step.constant("mostLayers"), Gpt2Shape.MOST_LAYERS);
        assertEquals(step.constant("mostHeadWidth"), Gpt2Shape.MOST_HEAD_WIDTH);
        assertEquals(
                4 * step.constant("threadVectors") * step.constant("blockThreads"),
                Gpt2Shape.MOST_HIDDEN);
        assertTrue(step.constant("mostSlices") >= 4);
        assertEquals(12 * Long.BYTES + 8, step.constant("layerBytes"));
    }

    @Test
    void sharedMemoryOfSteps() {
        Gpt2Shape small = shape(ElementType.F16, 12, 768, 12);
        KernelLibrary library = BuiltKernels.library();
        for (Kernel kernel : library.kernels()) {
            if (kernel.symbol().startsWith("gpt2_step_f16_")) {
                String[] words = kernel.symbol().split("_");
                int groups = Integer.parseInt(words[3]);
                int slots = Integer.parseInt(words[4]);
                Gpt2StepShared shared = Gpt2StepShared.of(kernel::constant, small, groups, slots);
                assertEquals(0, shared.activationsAt() % 128);
                // The widest rows: 768 numbers of 16 bits, filled up and shifted by 32 bytes.
                assertEquals(8 * groups * (1536 + 32), shared.bytes() - shared.activationsAt());
                // What a block may have at most on compute capability 9.0.
                assertTrue(shared.bytes() <= 227 << 10, kernel.symbol() + " " + shared);
            } else if (kernel.symbol().startsWith("gpt2_single_f16_")) {
                int slots = Integer.parseInt(kernel.symbol().split("_")[3]);
                Gpt2StepShared shared = Gpt2StepShared.single(kernel::constant, small, slots);
                // One row, and what is read beyond it, filled up to 128 bytes.
                assertEquals(2048, shared.vectorsAt() - shared.activationsAt());
                assertEquals(4 * 768 * 4, shared.bytes() - shared.vectorsAt());
                assertTrue(shared.bytes() <= 227 << 10, kernel.symbol() + " " + shared);
            }
        }
    }

    @Test
    void wordsDoNotOverlap() {
        for (ElementType type : List.of(ElementType.F32, ElementType.F16, ElementType.BF16)) {
            // Heads of 20 are filled up to 24, or not in float32; 400 are 25 tiles of 16.
            Gpt2Shape shape = shape(type, 3, 100, 5);
            Gpt2Places places = Gpt2Places.of(shape, 3);
            int attention = 5 * shape.packedHeadWidth();
            assertEquals(0, places.qkv());
            assertEquals(3 * attention, places.merge());
            assertEquals(places.merge() + shape.mergeSlices() * 100, places.inner());
            assertEquals(places.inner() + 400 * type.bytes() / 4, places.down());
            assertEquals(places.down() + shape.downSlices() * 100, places.chunks());
            int chunk = shape.packedHeadWidth() + 4;
            assertEquals(places.chunks() + 5 * 3 * chunk, places.turn());
            int[] all = {places.merge(), places.inner(), places.down(), places.chunks(), chunk};
            for (int at : all) {
                assertEquals(0, at % 4);
            }
        }
    }

    @Test
    void structsHaveTheKernelsSizes() {
        KernelLibrary library = BuiltKernels.library();
        Gpt2Structs structs = new Gpt2Structs(shape(ElementType.F16, 2, 100, 5), 3);
        Gpt2Structs.Weights weights = new Gpt2Structs.Weights(0, 0, 0, 0, 0, 0);
        Gpt2Structs.Sequences sequences = new Gpt2Structs.Sequences(0, 0, 0);
        Kernel step = library.kernel("gpt2_step_f16_1_8");
        assertEquals(
                step.parameterBytes().get(0),
                ArgumentSizes.of(
                        structs.step(
                                weights,
                                sequences,
                                new Gpt2Structs.Activations(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
                                Gpt2Logits.none(),
                                Gpt2Structs.Likeliest.NONE,
                                new Gpt2Structs.Launch(
                                        0, 0, new Gpt2Places(0, 0, 0, 0, 0, 0), 0, 0),
                                new int[3],
                                new int[3],
                                1,
                                2,
                                step.constant("mostColumns"))));
        assertEquals(
                library.kernel("gpt2_prompt_norm_f16").parameterBytes().get(0),
                ArgumentSizes.of(structs.promptNorm(weights, sequences, 0, 0, 0, 0, true, 0, 0)));
        Gpt2Structs.Product product = new Gpt2Structs.Product(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        assertEquals(
                library.kernel("gpt2_prompt_product_f16_2").parameterBytes().get(0),
                ArgumentSizes.of(structs.promptProduct(sequences, product, 0, 0)));
        Gpt2Structs.Packing packing =
                new Gpt2Structs.Packing(0, 0, 0, 0, 0, 0, 0, Groups.of(1), Groups.of(1));
        assertEquals(
                library.kernel("gpt2_pack_f16").parameterBytes().get(0),
                ArgumentSizes.of(Gpt2Structs.packing(packing)));
    }

    @Test
    void candidatesAreRead() {
        // ordered_bits(1.0f) is 0xbf800000.
        assertEquals(7, Gpt2Logits.token(0xbf800000L << 32 | ~7 & 0xffffffffL));
        assertEquals(-1, Gpt2Logits.token(0xffffffffL << 32 | ~7 & 0xffffffffL));
        assertEquals(-1, Gpt2Logits.token(0xff800000L << 32 | ~7 & 0xffffffffL));
        assertEquals(-1, Gpt2Logits.token(0x007fffffL << 32 | ~7 & 0xffffffffL));
        assertEquals(-1, Gpt2Logits.token(0));
    }
}
