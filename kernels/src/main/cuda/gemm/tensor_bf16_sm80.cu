// Products of bfloat16 matrices.
#include "gemm/tensor16.cuh"

TENSOR_KERNELS(bf16)
