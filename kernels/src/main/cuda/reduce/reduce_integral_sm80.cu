// Reductions of integer tensors. Truth values are read as unsigned bytes.
#include "reduce/reduce.cuh"

OKTO_REDUCE_KERNELS(i8)
OKTO_REDUCE_KERNELS(u8)
OKTO_REDUCE_KERNELS(i32)
OKTO_REDUCE_KERNELS(i64)
