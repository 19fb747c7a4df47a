package org.oktoblas.examples;

import ai.djl.ModelException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.oktoblas.okm.OkmFile;

/** DJL's own search methods on an .okm: greedy, beam and contrastive. */
public final class SearchText {

    private SearchText() {}

    /**
     * Prints a text's continuation by each search.
     *
     * @param args the text, and the engine's name: OktoBLAS (the default) or PyTorch
     */
    public static void main(String[] args) throws ModelException, IOException, TranslateException {
        String prompt = args.length > 0 ? args[0] : "It was a fine morning, and";
        String engine = args.length > 1 ? args[1] : "OktoBLAS";
        for (String search : new String[] {"greedy", "beam", "contrastive"}) {
            System.out.println(search + ": " + search(prompt, search, engine));
        }
    }

    /** Returns the prompt and what a search finds to follow it, 48 tokens in all. */
    static String search(String prompt, String search, String engine)
            throws ModelException, IOException, TranslateException {
        Criteria<NDList, CausalLMOutput> criteria =
                Criteria.builder()
                        .setTypes(NDList.class, CausalLMOutput.class)
                        .optEngine(engine)
                        .optModelUrls("okm://okto-prose")
                        .build();
        SearchConfig config = new SearchConfig();
        config.setMaxSeqLength(48);
        config.setBeam(3);
        config.setK(4);
        config.setAlpha(0.6f);
        try (ZooModel<NDList, CausalLMOutput> model = criteria.loadModel();
                Predictor<NDList, CausalLMOutput> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager();
                HuggingFaceTokenizer tokenizer = tokenizer(model)) {
            NDArray ids = manager.create(tokenizer.encode(prompt).getIds()).expandDims(0);
            NDArray found = new TextGenerator(predictor, search, config).generate(ids);
            // Beam search returns all its beams, the best first.
            return tokenizer.decode(found.get(0).toLongArray());
        }
    }

    /** An .okm carries its tokenizer. */
    private static HuggingFaceTokenizer tokenizer(ZooModel<?, ?> model)
            throws ModelException, IOException {
        // By default DJL's tokenizer cuts after 512 tokens and pads batches.
        Map<String, String> options = Map.of("truncation", "false", "padding", "false");
        try (OkmFile okm = OkmFile.open(model.getModelPath())) {
            byte[] json = okm.tokenizerJson().orElseThrow().getBytes(StandardCharsets.UTF_8);
            return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options);
        }
    }
}
