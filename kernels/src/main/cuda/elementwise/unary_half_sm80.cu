#include "elementwise/floats.cuh"

OKTO_UNARY(f16, f16, 1, kGroups, FloatFunctions)
OKTO_UNARY(f16_vector, f16, kVector2, kVectorGroups2, FloatFunctions)
OKTO_UNARY(bf16, bf16, 1, kGroups, FloatFunctions)
OKTO_UNARY(bf16_vector, bf16, kVector2, kVectorGroups2, FloatFunctions)
