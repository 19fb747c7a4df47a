#include "elementwise/floats.cuh"

OKTO_BINARY(f32, f32, FloatFunctions)
OKTO_BINARY(f64, f64, FloatFunctions)
OKTO_BINARY(f16, f16, FloatFunctions)
OKTO_BINARY(bf16, bf16, FloatFunctions)
