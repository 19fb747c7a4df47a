// Packs a matrix into tiles (see gpt2/model.cuh), converting its elements.
#pragma once

#include "gpt2/model.cuh"

constexpr int kPackThreads = 256;

// Outputs and depths may come in groups that are wider in the packed matrix than in the source: what is beyond is 0.
struct Packing {
  const void* from;
  void* to;
  long long output_stride;  // of the source, in elements
  long long depth_stride;
  long long units;  // of eight bytes to be written
  int source;       // kFromF32, kFromF16, kFromBf16
  int depth_tiles;
  int output_groups;
  int output_width;  // of a group in the source
  int output_packed_width;
  int depth_groups;
  int depth_width;
  int depth_packed_width;
};

constexpr int kFromF32 = 0;
constexpr int kFromF16 = 1;
constexpr int kFromBf16 = 2;

__device__ __forceinline__ float source_element(const Packing& p, int output, int depth) {
  const int output_group = output / p.output_packed_width;
  const int depth_group = depth / p.depth_packed_width;
  const int in_output = output - output_group * p.output_packed_width;
  const int in_depth = depth - depth_group * p.depth_packed_width;
  if (output_group >= p.output_groups || depth_group >= p.depth_groups || in_output >= p.output_width ||
      in_depth >= p.depth_width) {
    return 0.f;
  }
  const long long at =
      (static_cast<long long>(output_group) * p.output_width + in_output) * p.output_stride +
      (static_cast<long long>(depth_group) * p.depth_width + in_depth) * p.depth_stride;
  if (p.source == kFromF32) return static_cast<const float*>(p.from)[at];
  if (p.source == kFromF16) return widen(static_cast<const f16*>(p.from)[at]);
  return widen(static_cast<const bf16*>(p.from)[at]);
}

template <typename T>
__device__ __forceinline__ void pack(const Packing& p) {
  constexpr int E = kLaneDepth<T>;
  const long long step = static_cast<long long>(gridDim.x) * kPackThreads;
  for (long long unit = static_cast<long long>(blockIdx.x) * kPackThreads + threadIdx.x; unit < p.units; unit += step) {
    const int half = unit % 2;
    const int lane = unit / 2 % 32;
    const long long tile = unit / 64;
    const int output = static_cast<int>(tile / p.depth_tiles) * kTileOutputs + half * 8 + lane / 4;
    const int depth = static_cast<int>(tile % p.depth_tiles) * kTileDepth<T> + lane % 4 * E;
    Vector<T, E> v;
#pragma unroll
    for (int e = 0; e < E; ++e) v.element[e] = narrow<T>(source_element(p, output, depth + e));
    static_cast<Vector<T, E>*>(p.to)[unit] = v;
  }
}

#define PACK_KERNEL(T) \
  extern "C" __global__ void __launch_bounds__(kPackThreads) gpt2_pack_##T(const Packing p) { pack<T>(p); }
