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
  unsigned* counts;    // (column, head), 0 before and after
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
  int shift;     // 2^shift warps have a head
  int together;  // heads of an item
  int groups;  // of heads
  int columns;
  int items;

  __device__ AttentionDivision(int last, int columns, int heads) : shift(0), columns(columns) {
    const int wanted = (min(last + 1, kChunkKeys) + kWarpKeys - 1) / kWarpKeys;
    while (1 << shift < wanted) ++shift;
    together = kBlockWarps >> shift;
    groups = (heads + together - 1) / together;
    items = (last / kChunkKeys + 1) * columns * groups;
  }

  // Which of an item's heads this warp has, and which part of its keys.
  __device__ __forceinline__ int head_of_warp() const { return threadIdx.x / 32 >> shift; }
  __device__ __forceinline__ int part_of_warp() const { return threadIdx.x / 32 & ((1 << shift) - 1); }

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

// A query in memory, all of whose keys and values are in the cache.
struct WrittenQuery {
  const float* query;  // of the head

  // How many of a warp's keys are read from the cache.
  __device__ __forceinline__ int cached(int count) const { return count; }

  // Brings elements from `first` on.
  template <int E>
  __device__ __forceinline__ void receive(float (&q)[E], int first, bool inside) {
#pragma unroll
    for (int e = 0; e < E; e += 4) {
      const float4 four =
          inside ? __ldcg(reinterpret_cast<const float4*>(query + first + e)) : make_float4(0.f, 0.f, 0.f, 0.f);
      q[e] = four.x;
      q[e + 1] = four.y;
      q[e + 2] = four.z;
      q[e + 3] = four.w;
    }
  }

  // Puts the newest key, or value, among those of the cache.
  __device__ __forceinline__ void complete(uint4 (&)[8], bool) const {}
};

// A warp's part: `count` keys of a head. Leaves the weighted sum of values in `out`, and the largest score and the sum
// of weights in `best` and `total`.
template <typename T, typename Query>
__device__ __forceinline__ void attend_part(const Shape& shape, Query query, const T* keys, const T* values,
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
    load_rows(rows, keys, stride, v, inside, query.cached(count));
    // The values' way is as long as the keys', so both set out together.
    if (v == part) load_rows(first, values, stride, v, inside, query.cached(count));
    float q[E];
    query.receive(q, v * E, inside);
    query.complete(rows, false);
    if (v == part) query.complete(first, true);
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
    if (v != part) {
      load_rows(first, values, stride, v, inside, query.cached(count));
      float q[E];
      query.receive(q, v * E, inside);
      query.complete(first, true);
    }
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

// Attends for a block's item, of heads before `heads_end`. `keys` is where this warp's keys begin in this layer's
// cache; values are `value_bytes` further on. query_of(head) tells a head's query. The outputs, not yet divided by the
// sum of weights, go to put(head, element, output, 1 / sum), and to put_ends(head, largest score, sum) once a head.
// `outputs` (warp, head_width) and `scratch` (2 * kBlockWarps) are in shared memory; `fresh` says that no warp may
// still use them. A warp without keys calls meanwhile().
template <typename T, typename QueryOf, typename Put, typename PutEnds, typename Meanwhile>
__device__ __forceinline__ void attend_item(const Shape& shape, const AttentionDivision& d, const AttentionItem& item,
                                            int heads_end, int position, const T* keys, long long value_bytes,
                                            float* outputs, float* scratch, bool fresh, QueryOf query_of, Put put,
                                            PutEnds put_ends, Meanwhile meanwhile) {
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int head = item.head + d.head_of_warp();
  const int part = d.part_of_warp();
  const int width = shape.head_width;
  const int in_chunk = min(kChunkKeys, position + 1 - item.chunk * kChunkKeys);
  const int count = min(kWarpKeys, in_chunk - part * kWarpKeys);
  float* best = scratch;
  float* total = scratch + kBlockWarps;
  if (!fresh) sync_warps();
  if (head < heads_end && count > 0) {
    const T* values = reinterpret_cast<const T*>(reinterpret_cast<const char*>(keys) + value_bytes);
    attend_part(shape, query_of(head), keys, values, count, outputs + warp * width, best + warp, total + warp);
  } else {
    meanwhile();
  }
  sync_warps();
  const int first = warp - part;
  const int used = (in_chunk + kWarpKeys - 1) / kWarpKeys;
  if (head >= heads_end) return;
  float most = best[first];
#pragma unroll 1
  for (int w = 1; w < used; ++w) most = fmaxf(most, best[first + w]);
  float all = 0.f;
#pragma unroll 1
  for (int w = 0; w < used; ++w) all += total[first + w] * exp2_of(best[first + w] - most);
  const float inverse = reciprocal_of(all);
#pragma unroll 1
  for (int e = part * 32 + lane; e < width; e += 32 << d.shift) {
    float sum = 0.f;
#pragma unroll 1
    for (int w = 0; w < used; ++w) sum += outputs[(first + w) * width + e] * exp2_of(best[first + w] - most);
    put(head, e, sum, inverse);
  }
  if (part == 0 && lane == 0) put_ends(head, most, all);
}

// Attends for a block's item. The outputs go to `attended` (head, head_width) where one chunk has all keys.
template <typename T, typename Meanwhile>
__device__ __forceinline__ void attend_chunk(const Shape& shape, const Attending& a, const AttentionDivision& d,
                                             const AttentionItem& item, int position, const T* keys,
                                             long long value_bytes, T* attended, float* outputs, float* scratch,
                                             Meanwhile meanwhile) {
  const int width = shape.head_width;
  const int chunks = position / kChunkKeys + 1;
  const int first = item.column * shape.heads;
  float* parts = a.chunks + (static_cast<long long>(first) * a.most_chunks + item.chunk) * (width + 2);
  const long long head_parts = static_cast<long long>(a.most_chunks) * (width + 2);
  attend_item(
      shape, d, item, shape.heads, position, keys, value_bytes, outputs, scratch, false,
      [&](int head) { return WrittenQuery{a.query + static_cast<long long>(first + head) * width}; },
      [&](int head, int e, float sum, float inverse) {
        if (chunks == 1) {
          attended[head * width + e] = narrow<T>(sum * inverse);
        } else {
          parts[head * head_parts + e] = sum;
        }
      },
      [&](int head, float most, float all) {
        if (chunks == 1) return;
        parts[head * head_parts + width] = most;
        parts[head * head_parts + width + 1] = all;
      },
      meanwhile);
  if (chunks == 1) return;
  // With several chunks a block has one head. Whoever comes last puts the chunks together.
  const long long place = first + item.head;
  unsigned* ticket = reinterpret_cast<unsigned*>(scratch + 2 * kBlockWarps);
  __threadfence();
  sync_warps();
  if (threadIdx.x == 0) *ticket = atomicAdd(a.counts + place, 1u);
  sync_warps();
  if (*ticket != chunks - 1) return;
  __threadfence();
  const float* all_parts = a.chunks + place * head_parts;
  for (int e = threadIdx.x; e < width; e += kBlockThreads) {
    attended[item.head * width + e] = narrow<T>(combine(all_parts, chunks, width, e));
  }
  if (threadIdx.x == 0) a.counts[place] = 0;
}
