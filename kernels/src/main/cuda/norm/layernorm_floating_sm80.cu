// Layer norm of float32, float16, bfloat16 (both computed in float32) and float64.

#include "norm/layernorm.cuh"

#define LAYERNORM(name, T)                                                                                            \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads)                                                     \
      layernorm_row_##name(const __grid_constant__ LayerNormParams p) {                                               \
    layernorm_row<T, kLayerNormThreads>(p);                                                                           \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kLayerNormLongThreads)                                                 \
      layernorm_long_##name(const __grid_constant__ LayerNormParams p) {                                              \
    layernorm_row<T, kLayerNormLongThreads>(p);                                                                       \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads)                                                     \
      layernorm_partial_##name(const __grid_constant__ LayerNormParams p) {                                           \
    layernorm_partial<T>(p);                                                                                          \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kLayerNormThreads)                                                     \
      layernorm_finish_##name(const __grid_constant__ LayerNormParams p) {                                            \
    layernorm_finish<T>(p);                                                                                           \
  }

LAYERNORM(f32, f32)
LAYERNORM(f16, f16)
LAYERNORM(bf16, bf16)
LAYERNORM(f64, f64)
