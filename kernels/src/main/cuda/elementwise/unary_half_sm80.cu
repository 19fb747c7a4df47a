#include "elementwise/floats.cuh"

OKTO_UNARY(f16, f16, FloatFunctions)
OKTO_UNARY(bf16, bf16, FloatFunctions)
