#include "elementwise/floats.cuh"

OKTO_UNARY(f64, f64, FloatFunctions)
