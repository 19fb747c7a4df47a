// Products of integers, which wrap, and of truth values: whether any pair of them is true.
#include "gemm/any.cuh"

ANY_KERNEL(i8, i8)
ANY_KERNEL(u8, u8)
ANY_KERNEL(i32, i32)
ANY_KERNEL(i64, i64)
ANY_KERNEL(boolean, bool)
