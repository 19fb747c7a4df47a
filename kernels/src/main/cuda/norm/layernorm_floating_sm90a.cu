// Layer norm of long rows of float32, float16 and bfloat16, for devices with clusters of blocks.

#include "norm/layernorm_cluster.cuh"

#define LAYERNORM_CLUSTER(name, T)                                                                                    \
  extern "C" __global__ void __cluster_dims__(kClusterBlocks<T>)                                                      \
      __launch_bounds__(kClusterThreads, kClusterBlocksAtATime)                                                       \
      layernorm_cluster_##name(const __grid_constant__ LayerNormParams p) {                                           \
    layernorm_cluster<T>(p);                                                                                          \
  }

LAYERNORM_CLUSTER(f32, f32)
LAYERNORM_CLUSTER(f16, f16)
LAYERNORM_CLUSTER(bf16, bf16)
