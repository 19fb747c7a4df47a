#include "elementwise/floats.cuh"

OKTO_UNARY(f32, f32, 1, kGroups, FloatFunctions)
OKTO_UNARY(f32_vector, f32, kVector4, kVectorGroups4, FloatFunctions)
