package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The generator's known answers. */
class PhiloxTest {

    @Test
    void knownAnswers() {
        // From the known-answer vectors of the authors' Random123 library, philox4x32-10 with
        // counter and key zero.
        assertEquals(0x6627e8d5e169c58dL, Philox.bits(0, 0));
        assertEquals(0xbc57ac4c9b00dbd8L, Philox.bits(0, 1));
    }
}
