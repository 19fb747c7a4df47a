#include "elementwise/floats.cuh"

OKTO_BINARY(binary_f32, f32, f32, 1, kGroups, FloatFunctions)
OKTO_BINARY(binary_f32_vector, f32, f32, kVector4, kGroups, FloatFunctions)
OKTO_BINARY(binary_f64, f64, f64, 1, kGroups, FloatFunctions)
OKTO_BINARY(binary_f64_vector, f64, f64, kVector8, kGroups, FloatFunctions)
OKTO_BINARY(binary_f16, f16, f16, 1, kGroups, FloatFunctions)
OKTO_BINARY(binary_f16_vector, f16, f16, kVector2, kGroups, FloatFunctions)
OKTO_BINARY(binary_bf16, bf16, bf16, 1, kGroups, FloatFunctions)
OKTO_BINARY(binary_bf16_vector, bf16, bf16, kVector2, kGroups, FloatFunctions)
