// Products of float16 matrices.
#include "gemm/tensor16.cuh"

TENSOR_KERNELS(f16)
