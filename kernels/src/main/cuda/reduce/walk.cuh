// Walks whose axes are visited in a loop: for kernels that ask for few places, or for several at a time, where
// Indexer::offsets, unrolled for every axis, would be most of the code.
#pragma once

#include "common/index.cuh"

// Where element i of the walk lies in each tensor.
template <int N>
__device__ __forceinline__ void locate(const Indexer<N>& walk, unsigned i, long long (&at)[N]) {
#pragma unroll
  for (int t = 0; t < N; ++t) at[t] = 0;
  unsigned rest = i;
#pragma unroll 1
  for (int d = walk.rank - 1; d > 0; --d) {
    const unsigned outer = walk.axis[d].divide(rest);
    const unsigned index = rest - outer * walk.axis[d].size;
    rest = outer;
#pragma unroll
    for (int t = 0; t < N; ++t) at[t] += index * walk.stride[t][d];
  }
#pragma unroll
  for (int t = 0; t < N; ++t) at[t] += rest * walk.stride[t][0];
}

// Where the elements first, first + step, first + 2 * step, ... of the walk lie.
template <int K>
__device__ __forceinline__ void locate_each(const Indexer<1>& walk, unsigned first, unsigned step,
                                            long long (&at)[K]) {
  unsigned rest[K];
#pragma unroll
  for (int k = 0; k < K; ++k) {
    at[k] = 0;
    rest[k] = first + k * step;
  }
#pragma unroll 1
  for (int d = walk.rank - 1; d > 0; --d) {
    const Divisor axis = walk.axis[d];
    const long long stride = walk.stride[0][d];
#pragma unroll
    for (int k = 0; k < K; ++k) {
      const unsigned outer = axis.divide(rest[k]);
      at[k] += (rest[k] - outer * axis.size) * stride;
      rest[k] = outer;
    }
  }
  const long long stride = walk.stride[0][0];
#pragma unroll
  for (int k = 0; k < K; ++k) at[k] += rest[k] * stride;
}
