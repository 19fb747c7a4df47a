/** The {@code okto} command line: one class a command, over streams that tests can watch. */
package org.oktoblas.cli;
