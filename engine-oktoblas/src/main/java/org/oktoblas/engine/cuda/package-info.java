/**
 * The CUDA backend: memory, streams and operations of NVIDIA GPUs. It says what is computed where
 * and in which order; the kernels themselves and the driver are in {@code org.oktoblas.kernels} and
 * {@code org.oktoblas.cuda}, which no other package of the engine sees.
 */
package org.oktoblas.engine.cuda;
