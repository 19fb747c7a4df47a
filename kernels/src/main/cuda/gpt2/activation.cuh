// Activations without branches where GPT-2's usual one is concerned.
#pragma once

#include "common/ptx.cuh"
#include "gemm/finish.cuh"

// GELU by tanh to about three units in the last place: (1 + tanh u) / 2 is the logistic function of 2u.
__device__ __forceinline__ float gelu_tanh(float x) {
  // 2 * sqrt(2 / pi) * log2(e), and its product with 0.044715.
  const float u = x * (2.3022081987f + 0.1029432397f * x * x);
  const float y = x * reciprocal_of(1.f + exp2_of(-u));
  return x < -20.f ? -0.f : y;
}

__device__ __forceinline__ float activated(int activation, float x) {
  return activation == kActivationGeluTanh ? gelu_tanh(x) : activate(activation, x);
}
