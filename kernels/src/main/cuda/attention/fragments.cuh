// Fragments of 16-bit numbers.
#pragma once

#include "common/ptx.cuh"

// Two numbers rounded and side by side, the first in the low half.
template <typename T>
__device__ __forceinline__ unsigned pack(float first, float second);
template <>
__device__ __forceinline__ unsigned pack<f16>(float first, float second) {
  const __half2 both = __floats2half2_rn(first, second);
  return *reinterpret_cast<const unsigned*>(&both);
}
template <>
__device__ __forceinline__ unsigned pack<bf16>(float first, float second) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(first, second);
  return *reinterpret_cast<const unsigned*>(&both);
}
