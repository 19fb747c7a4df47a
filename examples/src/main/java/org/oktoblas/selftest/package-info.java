/**
 * The tests that a distribution brings along, run on the machine where it stands. Needs the jars of
 * {@code lib/selftest} on the class path.
 */
package org.oktoblas.selftest;
