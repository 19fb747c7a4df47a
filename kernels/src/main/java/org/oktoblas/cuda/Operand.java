package org.oktoblas.cuda;

/** What an elementwise kernel reads: a tensor, or one number for all elements. */
public sealed interface Operand permits DeviceTensor, Constant {}
