// Products of few rows of floating point numbers.
#include "gemm/narrow.cuh"

NARROW_KERNELS(f32, f32)
NARROW_KERNELS(f16, f16)
NARROW_KERNELS(bf16, bf16)
NARROW_KERNELS(f64, f64)
