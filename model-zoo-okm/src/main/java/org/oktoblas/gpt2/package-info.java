/**
 * GPT-2 as a DJL block, written on the NDArray API, with the fused way where the engine is ours.
 *
 * <p>{@link org.oktoblas.gpt2.Gpt2Block} is what DJL sees; {@code Gpt2Network} is the network
 * itself, over the few operations that {@code Gpt2Ops} names. These have two implementations: plain
 * NDArray operations, and {@link org.oktoblas.engine.TransformerOps}.
 */
package org.oktoblas.gpt2;
