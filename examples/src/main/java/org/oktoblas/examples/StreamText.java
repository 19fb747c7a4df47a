package org.oktoblas.examples;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.inference.streaming.StreamingTranslator.StreamOutput;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.util.function.Consumer;

/** Continues a text and shows it while it grows. */
public final class StreamText {

    private StreamText() {}

    /**
     * Prints a text's continuation, piece by piece.
     *
     * @param args the text, and the engine's name: OktoBLAS (the default) or PyTorch
     */
    public static void main(String[] args) throws ModelException, IOException, TranslateException {
        String prompt = args.length > 0 ? args[0] : "It was a fine morning, and";
        String engine = args.length > 1 ? args[1] : "OktoBLAS";
        System.out.print(prompt);
        stream(prompt, engine, System.out::print);
        System.out.println();
    }

    /** Samples what follows the prompt and hands over each piece as it comes. */
    static void stream(String prompt, String engine, Consumer<String> reader)
            throws ModelException, IOException, TranslateException {
        Criteria<String, String> criteria =
                Criteria.builder()
                        .setTypes(String.class, String.class)
                        .optEngine(engine)
                        .optModelUrls("okm://okto-prose")
                        .optArgument("maxTokens", 64)
                        .optArgument("temperature", 0.8)
                        .optArgument("topP", 0.95)
                        .optArgument("seed", 42)
                        .build();
        try (ZooModel<String, String> model = criteria.loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            StreamOutput<String> stream = predictor.streamingPredict(prompt);
            String piece = stream.getIterativeOutput();
            while (piece != null) {
                reader.accept(piece);
                piece = stream.getIterativeOutput();
            }
        }
    }
}
