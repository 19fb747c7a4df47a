#include "elementwise/floats.cuh"

OKTO_UNARY(f32, f32, FloatFunctions)
