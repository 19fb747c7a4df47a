// Any strides only: one element after another is as fast as the arithmetic.
#include "elementwise/costly_floats.cuh"

// Elements a thread; a second would not fit beside the registers that functions of doubles take.
constexpr int kCostlyGroups = 1;

OKTO_UNARY_ALONE(f64_costly, f64, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY_ALONE(f64_costly, f64, 1, kCostlyGroups, CostlyFloatFunctions)
