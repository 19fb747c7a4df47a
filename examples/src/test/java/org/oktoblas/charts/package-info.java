/** Charts of benchmarks' figures, drawn when these are committed; nothing of this ships. */
package org.oktoblas.charts;
