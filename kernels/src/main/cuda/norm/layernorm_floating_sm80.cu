// Layer norm of float32, float16, bfloat16 (both computed in float32) and float64.

#include "norm/layernorm_plain.cuh"

// Blocks: how many a multiprocessor should have at a time.
#define LAYERNORM(name, T, blocks)                                                                                    \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads, blocks)                                             \
      layernorm_row_##name(const __grid_constant__ LayerNormParams p) {                                               \
    layernorm_row<T, kLayerNormThreads>(p);                                                                           \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kLayerNormLongThreads, 1)                                              \
      layernorm_long_##name(const __grid_constant__ LayerNormParams p) {                                              \
    layernorm_row<T, kLayerNormLongThreads>(p);                                                                       \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads)                                                     \
      layernorm_partial_##name(const __grid_constant__ LayerNormParams p) {                                           \
    layernorm_partial<T>(p);                                                                                          \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads, 1)                                                  \
      layernorm_finish_##name(const __grid_constant__ LayerNormParams p) {                                            \
    layernorm_finish<T>(p);                                                                                           \
  }

LAYERNORM(f32, f32, 1)
LAYERNORM(f16, f16, 3)
LAYERNORM(bf16, bf16, 3)
LAYERNORM(f64, f64, 1)

#define LAYERNORM_PLAIN(name, T)                                                                                      \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads, 4)                                                  \
      layernorm_plain_##name(const __grid_constant__ LayerNormParams p) {                                             \
    layernorm_plain<T>(p);                                                                                            \
  }

LAYERNORM_PLAIN(f32, f32)
LAYERNORM_PLAIN(f16, f16)
LAYERNORM_PLAIN(bf16, bf16)
