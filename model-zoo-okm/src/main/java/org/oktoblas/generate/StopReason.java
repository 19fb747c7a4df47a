package org.oktoblas.generate;

/** Why a generation ended. */
public enum StopReason {
    /** The model produced its end-of-text token. */
    END_OF_TEXT,
    /** As many tokens as were asked for. */
    MAX_TOKENS,
    /** Prompt and generated tokens fill the model's context. */
    CONTEXT_FULL,
    /** The listener asked to stop. */
    CANCELLED
}
