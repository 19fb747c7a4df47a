// Any strides only: one element after another is as fast as the arithmetic.
#include "elementwise/costly_floats.cuh"

// Elements a thread.
constexpr int kCostlyGroups = 2;

OKTO_UNARY(f32_costly, f32, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_UNARY(f16_costly, f16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_UNARY(bf16_costly, bf16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY(f32_costly, f32, f32, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY(f16_costly, f16, f16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY(bf16_costly, bf16, bf16, 1, kCostlyGroups, CostlyFloatFunctions)
