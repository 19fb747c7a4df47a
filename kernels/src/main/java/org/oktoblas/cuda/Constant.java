package org.oktoblas.cuda;

/**
 * One number, passed by value; kernels of integers read {@code integral}, the others {@code real}.
 *
 * @param real the number as a double
 * @param integral the number as a long
 */
public record Constant(double real, long integral) implements Operand {}
