// Products of floating point matrices of any strides.
#include "gemm/any.cuh"

ANY_KERNEL(f32, f32)
ANY_KERNEL(f16, f16)
ANY_KERNEL(bf16, bf16)
ANY_KERNEL(f64, f64)
