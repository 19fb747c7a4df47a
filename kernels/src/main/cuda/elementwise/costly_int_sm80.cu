// Any strides only: one element after another is as fast as the arithmetic.
#include "elementwise/costly_integers.cuh"

// Elements a thread.
constexpr int kCostlyGroups = 2;

OKTO_BINARY_ALONE(i8_costly, i8, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY_ALONE(u8_costly, u8, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY_ALONE(i32_costly, i32, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY_ALONE(i64_costly, i64, 1, kCostlyGroups, CostlyIntegerFunctions)
OKTO_BINARY_ALONE(bool_costly, boolean, 1, kCostlyGroups, CostlyIntegerFunctions)
