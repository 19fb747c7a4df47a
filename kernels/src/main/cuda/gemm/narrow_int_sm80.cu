// Products of few rows of integers and truth values.
#include "gemm/narrow.cuh"

NARROW_KERNELS(i8, i8)
NARROW_KERNELS(u8, u8)
NARROW_KERNELS(i32, i32)
NARROW_KERNELS(i64, i64)
NARROW_KERNELS(boolean, bool)
