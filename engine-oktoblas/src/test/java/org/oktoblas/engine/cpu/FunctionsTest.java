package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.Exact;

/** The functions that Java lacks, against series and against {@link Math}. */
class FunctionsTest {

    @Test
    void errorFunction() {
        for (double x = -6; x <= 6; x += 1.0 / 512) {
            assertEquals(Exact.erf(x), Functions.erf(x), 4e-16 * 4, "erf " + x);
            assertEquals(1 - Exact.erf(x), Functions.erfc(x), 4e-16 * 4, "erfc " + x);
        }
        // From tables (Abramowitz and Stegun, 7.1 and 26.2), relatively exact in the tail.
        assertEquals(2.209049699858544e-5, Functions.erfc(3), 1e-18);
        assertEquals(1.5374597944280349e-12, Functions.erfc(5), 1e-25);
        assertEquals(2.0884875837625448e-45, Functions.erfc(10), 1e-58);
        assertEquals(1, Functions.erf(Double.POSITIVE_INFINITY));
        assertEquals(-1, Functions.erf(Double.NEGATIVE_INFINITY));
        assertTrue(Double.isNaN(Functions.erf(Double.NaN)));
    }

    @Test
    void inverseErrorFunction() {
        for (double x = -4; x <= 4; x += 1.0 / 64) {
            double y = Functions.erf(x);
            // y carries x only as well as the slope of erf allows.
            double slope = 2 / Math.sqrt(Math.PI) * Math.exp(-x * x);
            assertEquals(x, Functions.erfInverse(y), 1e-14 + 4e-16 / slope, "erfinv at " + x);
        }
        assertEquals(Double.POSITIVE_INFINITY, Functions.erfInverse(1));
        assertEquals(Double.NEGATIVE_INFINITY, Functions.erfInverse(-1));
        assertTrue(Double.isNaN(Functions.erfInverse(1.5)));
    }

    @Test
    void inverseHyperbolicFunctions() {
        for (double x = -5; x <= 5; x += 1.0 / 128) {
            assertEquals(x, Functions.asinh(Math.sinh(x)), 1e-15 * Math.max(1, Math.abs(x)) * 4);
            if (x > 0.01) {
                // Near 1, cosh loses what acosh would need.
                assertEquals(x, Functions.acosh(Math.cosh(x)), 1e-15 / x * 4 + 4e-15);
            }
            double y = Math.tanh(x);
            assertEquals(x, Functions.atanh(y), 1e-15 + 4e-16 / (1 - y * y));
        }
        assertEquals(Double.POSITIVE_INFINITY, Functions.atanh(1));
        assertTrue(Double.isNaN(Functions.acosh(0.5)));
        assertTrue(Double.isNaN(Functions.acosh(-1e10)));
        assertEquals(Math.log(2) + 300 * Math.log(10), Functions.asinh(1e300), 1e-12);
    }

    @Test
    void binaryLogarithm() {
        for (int i = -1070; i < 1024; i++) {
            assertEquals(i, Functions.log2(Math.scalb(1.0, i)), i < -1022 ? 1e-12 : 0);
        }
        assertEquals(Math.log(10) / Math.log(2), Functions.log2(10), 1e-15);
        assertTrue(Double.isNaN(Functions.log2(-1)));
        assertEquals(Double.NEGATIVE_INFINITY, Functions.log2(0));
    }
}
