/**
 * The CPU backend: memory outside the Java heap, plain Java for every primitive, and oneDNN for the
 * matrix products where its native library loads.
 *
 * <p>Elementwise work goes in chunks: a {@link org.oktoblas.engine.cpu.View} copies a stretch of a
 * tensor, whatever its strides and data type, into a heap array of one of three kinds (float,
 * double, long), an {@link org.oktoblas.engine.cpu.Arithmetic} computes on it in a loop that the
 * JIT vectorises, and another view copies it back.
 */
package org.oktoblas.engine.cpu;
