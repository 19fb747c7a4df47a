// One sequence's logits as the settings change them, and sums over a block that walks them.
#pragma once

#include "gpt2/candidate.cuh"

constexpr int kChooseThreads = 1024;
constexpr int kChooseWarps = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

constexpr int kVectorTokens = 4;
constexpr int kVectorsInFlight = 4;

using u64 = unsigned long long;

// Each warp has a span of neighbouring tokens, so that sums of warps are sums in the order of tokens. In it the lanes
// take neighbouring vectors of four tokens.
struct Logits {
  const float* row;
  int vocabulary;
  bool aligned;          // vectors are, and the last one lies within the row's pitch
  const unsigned* seen;  // a bit for each token whose repetition is penalised; null for no penalty
  float penalty;
  int suppressed;  // a token that must not be chosen, or -1

  using Vector = float[kVectorTokens];

  // The vectors of this thread's warp.
  __device__ __forceinline__ void span(int& begin, int& end) const {
    const int vectors = (vocabulary + kVectorTokens - 1) / kVectorTokens;
    const int length = (vectors + kChooseWarps - 1) / kChooseWarps;
    begin = min(static_cast<int>(threadIdx.x / 32) * length, vectors);
    end = min(begin + length, vectors);
  }

  // Vectors at, at + 32 and so on. What lies beyond the span or the vocabulary is -inf.
  __device__ __forceinline__ void load(int at, int end, Vector (&x)[kVectorsInFlight]) const {
#pragma unroll
    for (int j = 0; j < kVectorsInFlight; ++j) {
      const int first = (at + 32 * j) * kVectorTokens;
      if (at + 32 * j < end && aligned) {
        const float4 loaded = __ldg(reinterpret_cast<const float4*>(row + first));
        x[j][0] = loaded.x;
        x[j][1] = loaded.y;
        x[j][2] = loaded.z;
        x[j][3] = loaded.w;
      } else {
#pragma unroll
        for (int e = 0; e < kVectorTokens; ++e) {
          const bool exists = at + 32 * j < end && first + e < vocabulary;
          x[j][e] = exists ? __ldg(row + first + e) : ordered_value(kOrderedMinusInfinity);
        }
      }
    }
#pragma unroll
    for (int j = 0; j < kVectorsInFlight; ++j) {
      if (at + 32 * j < end) change((at + 32 * j) * kVectorTokens, x[j]);
    }
  }

  // Calls f(token, logit) for this thread's tokens in ascending order, and with -inf for some that do not exist.
  template <typename F>
  __device__ __forceinline__ void each(F f) const {
    int begin, end;
    span(begin, end);
    for (int at = begin + static_cast<int>(threadIdx.x % 32); at < end; at += 32 * kVectorsInFlight) {
      Vector x[kVectorsInFlight];
      load(at, end, x);
#pragma unroll
      for (int j = 0; j < kVectorsInFlight; ++j) {
#pragma unroll
        for (int e = 0; e < kVectorTokens; ++e) f((at + 32 * j) * kVectorTokens + e, x[j][e]);
      }
    }
  }

 private:
  // Most vectors stay as they are, which is one question for each reason to change them.
  __device__ __forceinline__ void change(int first, Vector& x) const {
    const unsigned bits = seen != nullptr ? seen[first / 32] >> (first % 32) & 0xf : 0;
    if (bits != 0) {
#pragma unroll
      for (int e = 0; e < kVectorTokens; ++e) {
        if ((bits >> e & 1) != 0) x[e] = x[e] < 0 ? __fmul_rn(x[e], penalty) : __fdiv_rn(x[e], penalty);
      }
    }
    if (first + kVectorTokens > vocabulary || static_cast<unsigned>(suppressed - first) < kVectorTokens) {
#pragma unroll
      for (int e = 0; e < kVectorTokens; ++e) {
        if (first + e >= vocabulary || first + e == suppressed) x[e] = ordered_value(kOrderedMinusInfinity);
      }
    }
  }
};

// The largest value of a block, for all of its threads.
__device__ __forceinline__ u64 block_largest(u64 value, u64 (&scratch)[kChooseWarps]) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value = max(value, __shfl_xor_sync(kAllLanes, value, offset));
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = scratch[threadIdx.x % 32];
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value = max(value, __shfl_xor_sync(kAllLanes, value, offset));
  return value;
}

// The sum of the values of a warp's lanes up to this one.
__device__ __forceinline__ u64 warp_sum_through(u64 value) {
  const int lane = static_cast<int>(threadIdx.x % 32);
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    const u64 below = __shfl_up_sync(kAllLanes, value, offset);
    if (lane >= offset) value += below;
  }
  return value;
}

// The sum of the values of a block's threads before this one, and of all.
__device__ __forceinline__ u64 block_sum_before(u64 value, u64 (&scratch)[kChooseWarps], u64& total) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  const int warp = static_cast<int>(threadIdx.x / 32);
  const u64 through = warp_sum_through(value);
  __syncthreads();
  if (lane == 31) scratch[warp] = through;
  __syncthreads();
  const u64 warps = warp_sum_through(scratch[lane]);
  total = __shfl_sync(kAllLanes, warps, 31);
  const u64 before = __shfl_sync(kAllLanes, warps, max(warp - 1, 0));
  return (warp == 0 ? 0 : before) + through - value;
}
