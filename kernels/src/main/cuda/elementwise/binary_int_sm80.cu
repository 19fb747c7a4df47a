#include "elementwise/integers.cuh"

OKTO_BINARY(i8, i8, IntegerFunctions)
OKTO_BINARY(u8, u8, IntegerFunctions)
OKTO_BINARY(i32, i32, IntegerFunctions)
OKTO_BINARY(i64, i64, IntegerFunctions)
OKTO_BINARY(bool, boolean, IntegerFunctions)
