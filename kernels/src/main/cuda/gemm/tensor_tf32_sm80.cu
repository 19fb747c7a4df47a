// Products of float32 matrices of any strides, rounded to TF32 on their way to the tensor cores.
#include "gemm/tensor.cuh"

constexpr int kStepDepth = 32;
static_assert(kStepDepth == kTileDepth<tf32>, "");
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

extern "C" __global__ void __launch_bounds__(kLargeThreads, 1)
    tensor_tf32_large(const __grid_constant__ Problem p) {
  tensor_product<tf32, kLargeRows, kLargeColumns, 2, 4, CopyAnyWords<kLargeRows, kLargeThreads>,
                 CopyAnyWords<kLargeColumns, kLargeThreads>, LoadByDepth<true>, LoadByDepth<false>>(p);
}

extern "C" __global__ void __launch_bounds__(kSmallThreads, 4)
    tensor_tf32_small(const __grid_constant__ Problem p) {
  tensor_product<tf32, kSmallRows, kSmallColumns, 2, 2, CopyAnyWords<kSmallRows, kSmallThreads>,
                 CopyAnyWords<kSmallColumns, kSmallThreads>, LoadByDepth<true>, LoadByDepth<false>>(p);
}
