// Linear layers for few rows. A name ends with the type of the weights.
#include "gemm/skinny.cuh"

SKINNY_KERNELS(f32)
SKINNY_KERNELS(f16)
SKINNY_KERNELS(bf16)
