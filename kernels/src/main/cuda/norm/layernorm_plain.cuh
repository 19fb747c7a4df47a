// Layer norm of rows in whole 16-byte vectors, with scales and shifts of the same type: what a transformer has twice a
// layer. As nothing has to be told apart, there is less to do beside the arithmetic.
//
// Of 16-bit numbers arithmetic, not memory, would be the limit. So they are widened little more than twice instead of
// three times: the sums of the distances from a number near the mean, and of their squares, give mean and variance
// together. Unlike E[x^2] - E[x]^2 that does not cancel: the number is the mean of s of the row's n numbers, so that
// its squared distance from the mean is at most n / s times the variance, and the variance errs by some n / s * 2^-24
// of itself at worst. Distances of float32 are taken from the mean.
#pragma once

#include "norm/layernorm.cuh"

template <typename T>
__device__ __forceinline__ void layernorm_plain(const LayerNormParams& p) {
  constexpr int V = kVector<T>;
  constexpr int N = kVectors<T>;
  __shared__ float sums[1][kMostWarps];
  __shared__ float squares[2][kMostWarps];
  const int group = 1 << p.group_bits;
  const int rank = threadIdx.x & (group - 1);
  const unsigned row =
      blockIdx.x * static_cast<unsigned>(kLayerNormThreads >> p.group_bits) + (threadIdx.x >> p.group_bits);
  const bool exists = row < p.rows.count;
  long long at[2];
  p.rows.offsets(exists ? row : 0, at);
  const T* in = static_cast<const T*>(p.in) + at[1];
  Words* out = reinterpret_cast<Words*>(static_cast<T*>(p.out) + at[0]);
  const int vectors = exists ? p.count / V : 0;
  const float count = static_cast<float>(p.count);

  Held<N> x;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= p.vectors) break;
    const int i = rank + j * group;
    x[j] = i < vectors ? reinterpret_cast<const Words*>(in)[i] : Words{};
  }
  float sum;
  if constexpr (kIsHalf<T>) {
    // Of the first vectors of all threads.
    float values[V];
    spread<T>(x[0], values);
    sum = total<T>(values);
  } else {
    const Share share = {rank * V, group * V, p.count, p.vectors};
    sum = sum_of<T, N>(x, share);
  }
  const float summed = kIsHalf<T> ? static_cast<float>(min(group * V, p.count)) : count;
  const float origin = across<Sum>(sum, group, sums) / summed;
  float first[V] = {};
  float second[V] = {};
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= p.vectors) break;
    if (rank + j * group < vectors) {
      float values[V];
      spread<T>(x[j], values);
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float distance = values[e] - origin;
        first[e] += distance;
        second[e] += distance * distance;
      }
    }
  }
  float own[2] = {total<T>(first), total<T>(second)};
  across<Sum>(own, group, squares);
  const float rest = own[0] / count;
  const float factor = factor_of(around_mean(own[1], own[0] * rest) / count, p.epsilon);
  const float mean = origin + rest;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= p.vectors) break;
    const int i = rank + j * group;
    if (i < vectors) {
      float gamma[V], beta[V], values[V];
      spread<T>(read_only(static_cast<const Words*>(p.gamma.at) + i), gamma);
      spread<T>(read_only(static_cast<const Words*>(p.beta.at) + i), beta);
      spread<T>(x[j], values);
#pragma unroll
      for (int e = 0; e < V; ++e) {
        // What rounding left out of the mean matters to float32 alone.
        const float distance = kIsHalf<T> ? values[e] - mean : values[e] - origin - rest;
        values[e] = fmaf(distance * factor, gamma[e], beta[e]);
      }
      out[i] = packed<T>(values);
    }
  }
}
