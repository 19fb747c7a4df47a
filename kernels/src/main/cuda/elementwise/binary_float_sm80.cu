#include "elementwise/floats.cuh"

OKTO_BINARY(f32, f32, f32, 1, kGroups, FloatFunctions)
OKTO_BINARY(f32_vector, f32, f32, kVector4, kVectorGroups4, FloatFunctions)
OKTO_BINARY(f64, f64, f64, 1, kGroups, FloatFunctions)
OKTO_BINARY(f64_vector, f64, f64, kVector8, kVectorGroups8, FloatFunctions)
OKTO_BINARY(f16, f16, f16, 1, kGroups, FloatFunctions)
OKTO_BINARY(f16_vector, f16, f16, kVector2, kVectorGroups2, FloatFunctions)
OKTO_BINARY(bf16, bf16, bf16, 1, kGroups, FloatFunctions)
OKTO_BINARY(bf16_vector, bf16, bf16, kVector2, kVectorGroups2, FloatFunctions)
