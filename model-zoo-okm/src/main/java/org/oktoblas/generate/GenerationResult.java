package org.oktoblas.generate;

/**
 * What one prompt became.
 *
 * @param prompt the prompt's text; null if it was given as token ids to a model without tokenizer
 * @param promptIds the prompt's tokens, as the model saw them
 * @param text the generated text, without the prompt; null if the model has no tokenizer
 * @param tokenIds the generated tokens, without the end-of-text token at which it stopped
 * @param ttftMillis milliseconds from the call to this prompt's first token
 * @param totalMillis milliseconds from the call to this prompt's last token
 * @param stopReason why it ended
 */
public record GenerationResult(
        String prompt,
        long[] promptIds,
        String text,
        long[] tokenIds,
        double ttftMillis,
        double totalMillis,
        StopReason stopReason) {

    /**
     * Generated tokens a second, over the whole time including the prompt's; 0 if there are none.
     */
    public double tokensPerSecond() {
        return totalMillis > 0 ? tokenIds.length * 1000.0 / totalMillis : 0;
    }

    /** Returns the same with another prompt text. */
    public GenerationResult withPrompt(String newPrompt) {
        return new GenerationResult(
                newPrompt, promptIds, text, tokenIds, ttftMillis, totalMillis, stopReason);
    }
}
