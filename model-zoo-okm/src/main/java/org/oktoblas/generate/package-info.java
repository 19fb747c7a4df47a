/**
 * Text generation: what to ask for, what comes back, sampling, and decoding tokens to text as they
 * come.
 */
package org.oktoblas.generate;
