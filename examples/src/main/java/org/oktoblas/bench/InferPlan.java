package org.oktoblas.bench;

import java.util.ArrayList;
import java.util.List;
import org.oktoblas.gpt2.Precision;

/**
 * What {@code okto bench infer --plan gpu} measures: GPT-2 in the sizes and lengths of its users.
 */
final class InferPlan {

    /** The arithmetic of all sides. */
    static final Precision PRECISION = Precision.FP16;

    /** The bytes of a number of it. */
    static final int VALUE_BYTES = 2;

    /** The model whose cold start is measured. */
    static final ModelShape COLD = shape("gpt2-124m");

    /**
     * One thing to generate.
     *
     * @param task what
     * @param compiled whether torch.compile takes part: it needs most of a minute for each model
     *     and batch, so only in a few cases
     */
    record Item(InferCase task, boolean compiled) {}

    /**
     * What is generated with one model.
     *
     * @param shape the model's
     * @param items what, in this order
     */
    record Group(ModelShape shape, List<Item> items) {

        /** Returns an item's name in tables. */
        String name(Item item) {
            return "%s %s %s".formatted(shape.name(), PRECISION, item.task());
        }
    }

    private InferPlan() {}

    /**
     * Returns what is measured.
     *
     * @param filter only cases whose names contain this; empty for all
     */
    static List<Group> groups(String filter) {
        List<Item> small = new ArrayList<>();
        // Cases of the same batch follow each other: they share what torch.compile made.
        small.add(new Item(new InferCase(1, 5, 64), true));
        for (int batch : new int[] {1, 4, 8, 16, 32}) {
            small.add(
                    new Item(new InferCase(batch, 5, 32), batch == 1 || batch == 8 || batch == 32));
        }
        for (int prompt : new int[] {128, 512, 960}) {
            small.add(new Item(new InferCase(1, prompt, 64), false));
        }
        List<Group> groups =
                List.of(
                        new Group(shape("gpt2-124m"), small),
                        new Group(
                                shape("gpt2-124m-p4096"),
                                List.of(new Item(new InferCase(1, 2048, 64), false))),
                        new Group(
                                shape("gpt2-medium"),
                                List.of(new Item(new InferCase(1, 5, 64), true))));
        return groups.stream()
                .map(
                        group ->
                                new Group(
                                        group.shape(),
                                        group.items().stream()
                                                .filter(item -> group.name(item).contains(filter))
                                                .toList()))
                .filter(group -> !group.items().isEmpty())
                .toList();
    }

    /** Returns the name of the cold start in tables. */
    static String coldName() {
        return "%s %s b1 in5 out1 cold".formatted(COLD.name(), PRECISION);
    }

    private static ModelShape shape(String name) {
        return ModelShape.of(name).orElseThrow();
    }
}
