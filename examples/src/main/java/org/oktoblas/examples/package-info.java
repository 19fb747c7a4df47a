/** Small programs to copy. Each is DJL as everybody writes it; only the engine's name is ours. */
package org.oktoblas.examples;
