// Any strides only: one element after another is as fast as the arithmetic.
#include "elementwise/costly_floats.cuh"

// Elements a thread.
constexpr int kCostlyGroups = 2;

OKTO_UNARY_ALONE(f32_costly, f32, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_UNARY_ALONE(f16_costly, f16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_UNARY_ALONE(bf16_costly, bf16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY_ALONE(f32_costly, f32, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY_ALONE(f16_costly, f16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY_ALONE(bf16_costly, bf16, 1, kCostlyGroups, CostlyFloatFunctions)
