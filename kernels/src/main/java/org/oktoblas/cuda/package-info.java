/**
 * CUDA's driver for Java: devices, streams, memory, launches and graphs. {@link
 * org.oktoblas.cuda.Driver} alone sees JCuda and JNA.
 */
package org.oktoblas.cuda;
