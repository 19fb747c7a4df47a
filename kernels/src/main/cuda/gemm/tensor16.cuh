// The kernels for 16-bit floats. A name ends with what a and b are dense along: k, the depth, or m, a's rows, or n, b's
// columns. Rows, or depths where it is those, begin at multiples of 16 bytes.
#pragma once

#include "gemm/tensor.cuh"

constexpr int kStepDepth = 64;
static_assert(kStepDepth == kTileDepth<f16>, "");
constexpr int kLargeRows = 128;
constexpr int kLargeColumns = 256;
constexpr int kLargeThreads = 256;
constexpr int kLargeStageBytes = 49152;
constexpr int kSmallRows = 64;
constexpr int kSmallColumns = 64;
constexpr int kSmallThreads = 128;
constexpr int kSmallStageBytes = 16384;
static_assert(kLargeStageBytes == (kLargeRows + kLargeColumns) * kLineBytes, "");
static_assert(kSmallStageBytes == (kSmallRows + kSmallColumns) * kLineBytes, "");

template <typename T, int ROWS, int THREADS>
struct CopyOf {
  using k = CopyByDepth<T, ROWS, THREADS>;
  using m = CopyByRow<T, ROWS, THREADS>;
  using n = m;
};
template <bool LEFT, int ROWS>
struct LoadOf {
  using k = LoadByDepth<LEFT>;
  using m = LoadByRow<LEFT, ROWS>;
  using n = m;
};

#define TENSOR_KERNELS_OF_LAYOUT(T, A, B)                                                                         \
  extern "C" __global__ void __launch_bounds__(kLargeThreads, 1)                                                  \
      tensor_##T##_large_##A##B(const __grid_constant__ Problem p) {                                              \
    tensor_product<T, kLargeRows, kLargeColumns, 2, 4, CopyOf<T, kLargeRows, kLargeThreads>::A,                   \
                   CopyOf<T, kLargeColumns, kLargeThreads>::B, LoadOf<true, kLargeRows>::A,                       \
                   LoadOf<false, kLargeColumns>::B>(p);                                                           \
  }                                                                                                               \
  extern "C" __global__ void __launch_bounds__(kSmallThreads, 4)                                                  \
      tensor_##T##_small_##A##B(const __grid_constant__ Problem p) {                                              \
    tensor_product<T, kSmallRows, kSmallColumns, 2, 2, CopyOf<T, kSmallRows, kSmallThreads>::A,                   \
                   CopyOf<T, kSmallColumns, kSmallThreads>::B, LoadOf<true, kSmallRows>::A,                       \
                   LoadOf<false, kSmallColumns>::B>(p);                                                           \
  }

#define TENSOR_KERNELS(T)           \
  TENSOR_KERNELS_OF_LAYOUT(T, k, k) \
  TENSOR_KERNELS_OF_LAYOUT(T, k, n) \
  TENSOR_KERNELS_OF_LAYOUT(T, m, k) \
  TENSOR_KERNELS_OF_LAYOUT(T, m, n)
