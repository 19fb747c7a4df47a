// Attention of few queries in float32, float16 and bfloat16.

#include "attention/split.cuh"

// Numbers of a key that a lane takes.
constexpr int kSplitWidth = 8;
constexpr int kWideWidth = 32;
constexpr int kFewQueries = 4;

#define SPLIT(name, T)                                                                                                \
  extern "C" __global__ void __launch_bounds__(kSplitThreads, 3)                                                      \
      attention_one_##name(const __grid_constant__ AttentionParams p) {                                               \
    Split<T, 1, kSplitWidth, 16 / sizeof(T), 4>::run(p);                                                              \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSplitThreads)                                                         \
      attention_few_##name(const __grid_constant__ AttentionParams p) {                                               \
    Split<T, kFewQueries, kSplitWidth, 16 / sizeof(T), 2>::run(p);                                                    \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSplitThreads)                                                         \
      attention_wide_##name(const __grid_constant__ AttentionParams p) {                                              \
    Split<T, 1, kWideWidth, 1, 1>::run(p);                                                                            \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kSplitThreads)                                                         \
      attention_combine_##name(const __grid_constant__ AttentionParams p) {                                           \
    combine<T>(p);                                                                                                    \
  }

SPLIT(f32, f32)
SPLIT(f16, f16)
SPLIT(bf16, bf16)
