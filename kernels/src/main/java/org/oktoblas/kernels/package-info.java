/** The compiled CUDA kernels and what the build knows of each. Nothing here touches a GPU. */
package org.oktoblas.kernels;
