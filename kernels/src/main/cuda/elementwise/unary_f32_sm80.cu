#include "elementwise/floats.cuh"

OKTO_UNARY(unary_f32, f32, 1, kGroups, FloatFunctions)
OKTO_UNARY(unary_f32_vector, f32, kVector4, kGroups, FloatFunctions)
