#include "elementwise/floats.cuh"

OKTO_UNARY(f64, f64, 1, kGroups, FloatFunctions)
OKTO_UNARY(f64_vector, f64, kVector8, kVectorGroups8, FloatFunctions)
