#include "elementwise/integers.cuh"

OKTO_UNARY(i8, i8, IntegerFunctions)
OKTO_UNARY(u8, u8, IntegerFunctions)
OKTO_UNARY(i32, i32, IntegerFunctions)
OKTO_UNARY(i64, i64, IntegerFunctions)
OKTO_UNARY(bool, boolean, IntegerFunctions)
