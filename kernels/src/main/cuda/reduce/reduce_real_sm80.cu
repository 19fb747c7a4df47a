// Reductions of floating point tensors.
#include "reduce/reduce.cuh"

OKTO_REDUCE_KERNELS(f32)
OKTO_REDUCE_KERNELS(f64)
OKTO_REDUCE_KERNELS(f16)
OKTO_REDUCE_KERNELS(bf16)
