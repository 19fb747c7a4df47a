// Attention of a step: each column has one query, which asks all keys up to its own position. Keys are taken 32 at a
// time by warps, 256 at a time by blocks, and put together in their order, so that bits depend on the position alone.
#pragma once

#include "gpt2/grid.cuh"
#include "gpt2/stream.cuh"

constexpr int kChunkKeys = 256;
constexpr int kWarpKeys = 32;
constexpr int kLaneGroup = 8;      // lanes that share a key
constexpr int kMostHeadWidth = 256;

// Where attention of a layer reads and writes.
struct Attending {
  const float* query;  // (column, width)
  float* chunks;       // (column, head, chunk, head_width + 2): outputs, largest score, sum of weights
  unsigned* counts;    // (column, head), 0 before and after; null where others put chunks together
  int most_chunks;     // that `chunks` has room for
};

// A block's item: a chunk of keys of neighbouring heads of a column. Where few warps have all keys of a head, a block
// takes several heads.
struct AttentionItem {
  int column;
  int head;  // the first
  int chunk;
};

struct AttentionDivision {
  int parts;   // warps of a head, a power of two
  int together;  // heads of an item
  int groups;  // of heads
  int columns;
  int items;

  __device__ AttentionDivision(int last, int columns, int heads) : parts(1), columns(columns) {
    const int wanted = (min(last + 1, kChunkKeys) + kWarpKeys - 1) / kWarpKeys;
    while (parts < wanted) parts *= 2;
    together = kBlockWarps / parts;
    groups = (heads + together - 1) / together;
    items = (last / kChunkKeys + 1) * columns * groups;
  }

  __device__ AttentionItem item(int number) const {
    const int group = number % groups;
    const int rest = number / groups;
    return {rest % columns, group * together, rest / columns};
  }
};

template <typename T>
__device__ __forceinline__ void load_rows(uint4 (&rows)[8], const T* from, int stride, int vector, bool inside,
                                          int count) {
  const int group = threadIdx.x % 32 / kLaneGroup;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int key = i * 4 + group;
    rows[i] = inside && key < count
                  ? __ldcg(reinterpret_cast<const uint4*>(from + static_cast<long long>(key) * stride) + vector)
                  : make_uint4(0, 0, 0, 0);
  }
}

// A warp's part: `count` keys of a head. Leaves the weighted sum of values in `out`, and the largest score and the sum
// of weights in `best` and `total`.
template <typename T>
__device__ __forceinline__ void attend_part(const Shape& shape, const float* query, const T* keys, const T* values,
                                            int count, float* out, float* best, float* total) {
  constexpr int E = 16 / sizeof(T);  // of a vector
  const int lane = threadIdx.x % 32;
  const int group = lane / kLaneGroup;
  const int part = lane % kLaneGroup;
  const int vectors = shape.head_width / E;
  const int stride = shape.heads * shape.head_width;
  float score[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) score[i] = 0.f;
  uint4 rows[8], first[8];
#pragma unroll 1
  for (int v = part; v - part < vectors; v += kLaneGroup) {
    const bool inside = v < vectors;
    load_rows(rows, keys, stride, v, inside, count);
    // The values' way is as long as the keys', so both set out together.
    if (v == part) load_rows(first, values, stride, v, inside, count);
    float q[E];
#pragma unroll
    for (int e = 0; e < E; e += 4) {
      const float4 four =
          inside ? __ldcg(reinterpret_cast<const float4*>(query + v * E + e)) : make_float4(0.f, 0.f, 0.f, 0.f);
      q[e] = four.x;
      q[e + 1] = four.y;
      q[e + 2] = four.z;
      q[e + 3] = four.w;
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const Vector<T, E> x = *reinterpret_cast<const Vector<T, E>*>(&rows[i]);
#pragma unroll
      for (int e = 0; e < E; ++e) score[i] += q[e] * widen(x.element[e]);
    }
  }
  float most = -INFINITY;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int offset = 4; offset > 0; offset /= 2) score[i] += __shfl_xor_sync(0xffffffffu, score[i], offset);
    if (i * 4 + group >= count) score[i] = -INFINITY;
    most = fmaxf(most, score[i]);
  }
  most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 8));
  most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 16));
  float sum = 0.f;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    score[i] = exp2_of(score[i] - most);
    sum += score[i];
  }
  sum += __shfl_xor_sync(0xffffffffu, sum, 8);
  sum += __shfl_xor_sync(0xffffffffu, sum, 16);
#pragma unroll 1
  for (int v = part; v - part < vectors; v += kLaneGroup) {
    const bool inside = v < vectors;
    if (v != part) load_rows(first, values, stride, v, inside, count);
    float o[E];
#pragma unroll
    for (int e = 0; e < E; ++e) o[e] = 0.f;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const Vector<T, E> x = *reinterpret_cast<const Vector<T, E>*>(&first[i]);
#pragma unroll
      for (int e = 0; e < E; ++e) o[e] += score[i] * widen(x.element[e]);
    }
#pragma unroll
    for (int e = 0; e < E; ++e) {
      o[e] += __shfl_xor_sync(0xffffffffu, o[e], 8);
      o[e] += __shfl_xor_sync(0xffffffffu, o[e], 16);
    }
    if (group == 0 && inside) {
#pragma unroll
      for (int e = 0; e < E; ++e) out[v * E + e] = o[e];
    }
  }
  if (lane == 0) {
    *best = most;
    *total = sum;
  }
}

// An element of a head's output from the chunks of its keys, in their order.
__device__ __forceinline__ float combine(const float* chunks, int count, int head_width, int element) {
  const int size = head_width + 2;
  float most = -INFINITY;
#pragma unroll 8
  for (int c = 0; c < count; ++c) most = fmaxf(most, __ldcg(chunks + c * size + head_width));
  float sum = 0.f;
  float total = 0.f;
#pragma unroll 8
  for (int c = 0; c < count; ++c) {
    const float factor = exp2_of(__ldcg(chunks + c * size + head_width) - most);
    sum += factor * __ldcg(chunks + c * size + element);
    total += factor * __ldcg(chunks + c * size + head_width + 1);
  }
  return sum * reciprocal_of(total);
}

// A block's item, of heads before `heads_end`, whose outputs go to `attended` where one chunk has all keys. `outputs` (warp, head_width) and `scratch` (3 * kBlockWarps) are in shared memory. A warp without keys calls
// meanwhile(). `keys` is where
// this warp's keys begin in this layer's cache; values are `value_bytes` further on.
template <typename T, typename Meanwhile>
__device__ __forceinline__ void attend_item(const Shape& shape, const Attending& a, const AttentionDivision& d,
                                            const AttentionItem& item, int heads_end, int position,
                                            const T* keys,
                                            long long value_bytes, T* attended, float* outputs, float* scratch,
                                            Meanwhile meanwhile) {
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int head = item.head + warp / d.parts;
  const int part = warp % d.parts;
  const int width = shape.head_width;
  const int in_chunk = min(kChunkKeys, position + 1 - item.chunk * kChunkKeys);
  const int count = min(kWarpKeys, in_chunk - part * kWarpKeys);
  float* best = scratch;
  float* total = scratch + kBlockWarps;
  __syncthreads();
  if (head < heads_end && count > 0) {
    const float* query = a.query + (static_cast<long long>(item.column) * shape.heads + head) * width;
    const T* values = reinterpret_cast<const T*>(reinterpret_cast<const char*>(keys) + value_bytes);
    attend_part(shape, query, keys, values, count, outputs + warp * width, best + warp, total + warp);
  } else {
    meanwhile();
  }
  __syncthreads();
  const int chunks = position / kChunkKeys + 1;
  const int first = warp - part;
  const int used = (in_chunk + kWarpKeys - 1) / kWarpKeys;
  float* parts = a.chunks + (static_cast<long long>(item.column) * shape.heads + head) * a.most_chunks * (width + 2);
  if (head < heads_end) {
    float most = best[first];
    for (int w = 1; w < used; ++w) most = fmaxf(most, best[first + w]);
    float all = 0.f;
    for (int w = 0; w < used; ++w) all += total[first + w] * exp2_of(best[first + w] - most);
    const float inverse = reciprocal_of(all);
    for (int e = part * 32 + lane; e < width; e += d.parts * 32) {
      float sum = 0.f;
      for (int w = 0; w < used; ++w) sum += outputs[(first + w) * width + e] * exp2_of(best[first + w] - most);
      if (chunks == 1) {
        attended[(head - item.head) * width + e] = narrow<T>(sum * inverse);
      } else {
        parts[item.chunk * (width + 2) + e] = sum;
      }
    }
    if (chunks > 1 && part == 0 && lane == 0) {
      parts[item.chunk * (width + 2) + width] = most;
      parts[item.chunk * (width + 2) + width + 1] = all;
    }
  }
  if (chunks == 1 || a.counts == nullptr) return;
  // With several chunks a block has one head. Whoever comes last puts the chunks together.
  const long long place = static_cast<long long>(item.column) * shape.heads + item.head;
  unsigned* ticket = reinterpret_cast<unsigned*>(scratch + 2 * kBlockWarps);
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) *ticket = atomicAdd(a.counts + place, 1u);
  __syncthreads();
  if (*ticket != chunks - 1) return;
  __threadfence();
  for (int e = threadIdx.x; e < width; e += kBlockThreads) attended[e] = narrow<T>(combine(parts, chunks, width, e));
  if (threadIdx.x == 0) a.counts[place] = 0;
}
