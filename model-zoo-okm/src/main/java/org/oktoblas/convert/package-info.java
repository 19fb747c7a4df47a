/** Conversion between Hugging Face checkpoints and {@code .okm}, both ways, bit by bit. */
package org.oktoblas.convert;
