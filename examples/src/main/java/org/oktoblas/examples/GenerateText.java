package org.oktoblas.examples;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/** Continues a text: text in, text out. */
public final class GenerateText {

    private GenerateText() {}

    /**
     * Prints a text's continuation.
     *
     * @param args the text, and the engine's name: OktoBLAS (the default) or PyTorch
     */
    public static void main(String[] args) throws ModelException, IOException, TranslateException {
        String prompt = args.length > 0 ? args[0] : "It was a fine morning, and";
        String engine = args.length > 1 ? args[1] : "OktoBLAS";
        System.out.println(prompt + generate(prompt, engine));
    }

    /** Returns what follows the prompt; the likeliest token is taken at every step. */
    static String generate(String prompt, String engine)
            throws ModelException, IOException, TranslateException {
        Criteria<String, String> criteria =
                Criteria.builder()
                        .setTypes(String.class, String.class)
                        .optEngine(engine)
                        .optModelUrls("okm://okto-prose")
                        .optArgument("maxTokens", 32)
                        .build();
        try (ZooModel<String, String> model = criteria.loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            return predictor.predict(prompt);
        }
    }
}
