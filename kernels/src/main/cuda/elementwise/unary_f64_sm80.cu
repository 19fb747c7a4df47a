#include "elementwise/floats.cuh"

OKTO_UNARY(unary_f64, f64, 1, kGroups, FloatFunctions)
OKTO_UNARY(unary_f64_vector, f64, kVector8, kGroups, FloatFunctions)
