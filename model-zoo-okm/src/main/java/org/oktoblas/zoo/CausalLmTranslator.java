package org.oktoblas.zoo;

import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;

/**
 * Hands DJL's {@code TextGenerator} what the block returns. The block needs no dummy keys and
 * values for a first call.
 */
final class CausalLmTranslator implements NoBatchifyTranslator<NDList, CausalLMOutput> {

    @Override
    public NDList processInput(TranslatorContext ctx, NDList input) {
        return input;
    }

    @Override
    public CausalLMOutput processOutput(TranslatorContext ctx, NDList output) {
        int last = output.size() - 1;
        return new CausalLMOutput(output.head(), output.get(last), output.subNDList(1, last));
    }
}
