// Any strides only: one element after another is as fast as the arithmetic.
#include "elementwise/costly_integers.cuh"

// Elements a thread.
constexpr int kCostlyGroups = 2;

OKTO_BINARY(i8_costly, i8, i8, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY(u8_costly, u8, u8, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY(i32_costly, i32, i32, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY(i64_costly, i64, i64, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY(bool_costly, boolean, boolean, 1, kCostlyGroups, CostlyIntegerFunctions)
