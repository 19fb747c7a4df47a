// Softmax of float32, float16, bfloat16 (both computed in float32) and float64.

#include "norm/softmax.cuh"

#define SOFTMAX(name, T)                                                                                              \
  extern "C" __global__ void __launch_bounds__(kSoftmaxThreads)                                                       \
      softmax_row_##name(const __grid_constant__ SoftmaxParams p) {                                                   \
    softmax_row<T, kSoftmaxThreads>(p);                                                                               \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSoftmaxLongThreads)                                                   \
      softmax_long_##name(const __grid_constant__ SoftmaxParams p) {                                                  \
    softmax_row<T, kSoftmaxLongThreads>(p);                                                                           \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSoftmaxThreads)                                                       \
      softmax_column_##name(const __grid_constant__ SoftmaxParams p) {                                                \
    softmax_column<T>(p);                                                                                             \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSoftmaxThreads)                                                       \
      softmax_partial_##name(const __grid_constant__ SoftmaxParams p) {                                               \
    softmax_partial<T>(p);                                                                                            \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSoftmaxThreads, 1)                                                    \
      softmax_finish_##name(const __grid_constant__ SoftmaxParams p) {                                                \
    softmax_finish<T>(p);                                                                                             \
  }

// Rows that are as long as a vocabulary.
#define LONGEST(name, T, threads, held)                                                                               \
  extern "C" __global__ void __launch_bounds__(threads)                                                               \
      softmax_longest_##name(const __grid_constant__ SoftmaxParams p) {                                               \
    softmax_row<T, threads, held / kVector<T>, kLineBytes>(p);                                                        \
  }

LONGEST(f32, f32, kSoftmaxFloatThreads, kLongestFloats)
LONGEST(f16, f16, kSoftmaxHalfThreads, kLongestHalves)
LONGEST(bf16, bf16, kSoftmaxHalfThreads, kLongestHalves)

SOFTMAX(f32, f32)
SOFTMAX(f16, f16)
SOFTMAX(bf16, bf16)
SOFTMAX(f64, f64)
