package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * DJL's {@code TextGenerator} hands keys and values back; those that it left alone stay in place.
 */
abstract class InPlaceLaws {

    private static final long[][] BATCH = {{1, 17, 5, 99, 7, 23}, {1, 1, 1, 44, 81, 200}};
    private static final int STEPS = 12;

    private final Target ours;

    InPlaceLaws(Target ours) {
        this.ours = ours;
    }

    /** Looks at each pass whether keys continue the ones that were given, in their memory. */
    private static final class Watcher implements NoBatchifyTranslator<NDList, CausalLMOutput> {
        private static final NDIndex FIRST = new NDIndex(0, 0, 0, 0);

        private final boolean copies;
        private int continued;
        private int copied;

        /** With copies, past keys and values are foreign to the block. */
        Watcher(boolean copies) {
            this.copies = copies;
        }

        @Override
        public NDList processInput(TranslatorContext context, NDList input) {
            NDList taken = new NDList();
            for (int i = 0; i < input.size(); i++) {
                taken.add(copies && i >= 3 ? input.get(i).duplicate() : input.get(i));
            }
            if (input.size() > 3) {
                context.setAttachment("key", taken.get(3));
            }
            return taken;
        }

        @Override
        public CausalLMOutput processOutput(TranslatorContext context, NDList output) {
            int last = output.size() - 1;
            NDList present = output.subNDList(1, last);
            if (context.getAttachment("key") instanceof NDArray past) {
                NDArray key = present.get(0);
                float kept = key.getFloat(0, 0, 0, 0);
                key.setScalar(FIRST, kept + 1);
                if (past.getFloat(0, 0, 0, 0) == kept + 1) {
                    continued++;
                } else {
                    copied++;
                }
                key.setScalar(FIRST, kept);
            }
            return new CausalLMOutput(output.head(), output.get(last), present);
        }
    }

    private long[] search(String search, Watcher watcher) throws Exception {
        SearchConfig config = new SearchConfig();
        config.setMaxSeqLength(BATCH[0].length + STEPS);
        config.setPadTokenId(1);
        config.setBeam(3);
        config.setK(4);
        try (ZooModel<NDList, CausalLMOutput> model =
                        ours.criteria(NDList.class, CausalLMOutput.class)
                                .optModelUrls(Models.url("plain"))
                                .optTranslator(watcher)
                                .build()
                                .loadModel();
                Predictor<NDList, CausalLMOutput> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager()) {
            TextGenerator generator = new TextGenerator(predictor, search, config);
            return generator.generate(manager.create(BATCH)).toLongArray();
        }
    }

    @Test
    void greedySearchCopiesNoKeysAndValues() throws Exception {
        Watcher watcher = new Watcher(false);
        search("greedy", watcher);
        assertEquals(0, watcher.copied);
        assertTrue(watcher.continued >= STEPS - 1, watcher.continued + " passes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"greedy", "beam", "contrastive"})
    void tokensAreThoseOfForeignKeysAndValues(String search) throws Exception {
        Watcher foreign = new Watcher(true);
        long[] expected = search(search, foreign);
        assertEquals(0, foreign.continued);
        assertArrayEquals(expected, search(search, new Watcher(false)));
    }
}
