// Any strides only: one element after another is as fast as the arithmetic.
#include "elementwise/costly_floats.cuh"

// Elements a thread.
constexpr int kCostlyGroups = 2;

OKTO_UNARY(unary_f32_costly, f32, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_UNARY(unary_f16_costly, f16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_UNARY(unary_bf16_costly, bf16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY(binary_f32_costly, f32, f32, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY(binary_f16_costly, f16, f16, 1, kCostlyGroups, CostlyFloatFunctions)
OKTO_BINARY(binary_bf16_costly, bf16, bf16, 1, kCostlyGroups, CostlyFloatFunctions)
