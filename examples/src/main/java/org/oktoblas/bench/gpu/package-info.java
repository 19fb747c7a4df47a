/**
 * Kernels and array calls on a GPU beside PyTorch's, in turns within one run. Every kernel is
 * checked before it is timed.
 */
package org.oktoblas.bench.gpu;
