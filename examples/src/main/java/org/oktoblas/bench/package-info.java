/** Benchmarks: figures of this engine beside another's, measured in turns, as JSON and Markdown. */
package org.oktoblas.bench;
