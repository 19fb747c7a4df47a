/** {@code okto bench ndarray}: operations of DJL's NDArray beside DJL's PyTorch engine. */
package org.oktoblas.bench.ndarray;
