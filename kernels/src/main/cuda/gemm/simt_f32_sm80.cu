// Products of float32 matrices in strict float32 arithmetic. A name ends with the type of b's elements.
#include "gemm/simt.cuh"

constexpr int kLargeRows = 128;
constexpr int kLargeColumns = 128;
constexpr int kLargeThreads = 256;
constexpr int kSmallRows = 64;
constexpr int kSmallColumns = 64;
constexpr int kSmallThreads = 128;

#define SIMT_KERNELS(T, LARGE, SMALL)                              \
  extern "C" __global__ void __launch_bounds__(kLargeThreads, 2)   \
      simt_f32_large_##T(const __grid_constant__ Problem p) {      \
    simt_product<T, kLargeRows, kLargeColumns, 4, 2, 2, LARGE>(p); \
  }                                                                \
  extern "C" __global__ void __launch_bounds__(kSmallThreads, 4)   \
      simt_f32_small_##T(const __grid_constant__ Problem p) {      \
    simt_product<T, kSmallRows, kSmallColumns, 2, 2, 1, SMALL>(p); \
  }

using LargeF32 = FloatTile<kLargeColumns, kLargeThreads>;
using SmallF32 = FloatTile<kSmallColumns, kSmallThreads>;
using LargeF16 = HalfTile<f16, kLargeColumns, kLargeThreads>;
using SmallF16 = HalfTile<f16, kSmallColumns, kSmallThreads>;
using LargeBf16 = HalfTile<bf16, kLargeColumns, kLargeThreads>;
using SmallBf16 = HalfTile<bf16, kSmallColumns, kSmallThreads>;

SIMT_KERNELS(f32, LargeF32, SmallF32)
SIMT_KERNELS(f16, LargeF16, SmallF16)
SIMT_KERNELS(bf16, LargeBf16, SmallBf16)
