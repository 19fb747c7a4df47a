// Attention of few queries: the keys of one head are split over blocks, so that all of the chip reads a long cache.
//
// A few lanes share a key, E numbers each, V of them side by side, and a warp has several keys at work. Every group of
// lanes has sums, a maximum and a total of its own; they are put together within the block, and those of several blocks
// by a second kernel, always in the same order. With E large enough this is also how heads are served that are too wide
// for the other kernels.
#pragma once

#include "attention/fragments.cuh"
#include "attention/params.cuh"

constexpr int kSplitThreads = 128;
constexpr int kSplitWarps = 4;

// V neighbouring numbers of a row; those beyond the width are 0.
template <typename T, int V>
__device__ __forceinline__ Vector<T, V> read_numbers(const T* row, const Place& place, int column, int width) {
  Vector<T, V> x;
  if (V == 1) {
    x.element[0] = column < width ? row[column * place.column] : narrow<T>(0.f);
  } else if (place.vectors && column < width) {
    x = *reinterpret_cast<const Vector<T, V>*>(row + column);
  } else {
#pragma unroll
    for (int e = 0; e < V; ++e) {
      x.element[e] = !place.vectors && column + e < width ? row[(column + e) * place.column] : narrow<T>(0.f);
    }
  }
  return x;
}

// The factor that carries sums from one maximum to a larger one, where -inf means that there are none.
__device__ __forceinline__ float carry(float from, float to) { return exp2_of(from - (to == kNothing ? 0.f : to)); }

template <typename T, int Q, int E, int V, int kLoads>
class Split {
 public:
  static constexpr int kVectors = E / V;
  // Whether values are asked for together with keys.
  static constexpr bool kAhead = E < 32;

  __device__ __forceinline__ static void run(const AttentionParams& p) {
    const int chunk = static_cast<int>(blockIdx.x % static_cast<unsigned>(p.chunks));
    const unsigned rest = blockIdx.x / static_cast<unsigned>(p.chunks);
    const int tile = static_cast<int>(rest % static_cast<unsigned>(p.tiles));
    const int index = static_cast<int>(rest / static_cast<unsigned>(p.tiles));
    const int first_key = chunk * p.chunk;
    const int first_query = tile * Q;
    const int last = last_key(p, min(first_query + Q, p.queries) - 1);
    // Nobody asks for what lies beyond a query's last key.
    if (first_key > last) return;

    Split own(p, index, first_query);
    own.walk(p, index, first_key, min(first_key + p.chunk, last + 1));
    own.gather(p);
    own.finish(p, index, chunk);
  }

 private:
  int lanes_;
  int rank_;  // among the lanes that share a key
  int first_query_;
  float query_[Q][kVectors][V];
  float sums_[Q][kVectors][V];
  float max_[Q];
  float total_[Q];

  __device__ __forceinline__ int column(int vector) const { return (vector * lanes_ + rank_) * V; }

  // A lane's part of a key or value; nothing is read of a row with width 0.
  __device__ __forceinline__ void read_row(Vector<T, V> (&to)[kVectors], const T* row, const Place& place,
                                           int width) const {
#pragma unroll
    for (int i = 0; i < kVectors; ++i) to[i] = read_numbers<T, V>(row, place, column(i), width);
  }

  __device__ __forceinline__ Split(const AttentionParams& p, int index, int first_query)
      : lanes_(1 << p.lane_bits), rank_(threadIdx.x & (lanes_ - 1)), first_query_(first_query) {
    const T* queries = head_of(static_cast<const T*>(p.query), p.query_place, index / p.heads, index % p.heads);
#pragma unroll
    for (int q = 0; q < Q; ++q) {
      max_[q] = kNothing;
      total_[q] = 0;
      // Queries beyond the last compute the last one's result, which is not written.
      const T* row = queries + min(first_query + q, p.queries - 1) * p.query_place.row;
#pragma unroll
      for (int i = 0; i < kVectors; ++i) {
        const Vector<T, V> x = read_numbers<T, V>(row, p.query_place, column(i), p.width);
#pragma unroll
        for (int e = 0; e < V; ++e) {
          query_[q][i][e] = widen(x.element[e]);
          sums_[q][i][e] = 0;
        }
      }
    }
  }

  // The keys first .. end - 1, kLoads at a time for each group of lanes.
  __device__ __forceinline__ void walk(const AttentionParams& p, int index, int first, int end) {
    const int batch = index / p.heads;
    const T* keys = head_of(static_cast<const T*>(p.keys), p.key_place, batch, index % p.heads);
    const T* values = head_of(static_cast<const T*>(p.values), p.value_place, batch, index % p.heads);
    const i64* mask = p.mask == nullptr ? nullptr : p.mask + batch * p.mask_batch;
    const int slots = kSplitThreads >> p.lane_bits;
    // The same number of turns for all lanes, which exchange their parts of the products.
#pragma unroll 1
    for (int base = first; base < end; base += slots * kLoads) {
      Vector<T, V> key[kLoads][kVectors];
      Vector<T, V> value[kLoads][kVectors];
      bool shown[kLoads];
      const int own = base + (static_cast<int>(threadIdx.x) >> p.lane_bits);
#pragma unroll
      for (int u = 0; u < kLoads; ++u) {
        const int k = own + u * slots;
        read_row(key[u], keys + k * p.key_place.row, p.key_place, k < end ? p.width : 0);
        if (kAhead) read_row(value[u], values + k * p.value_place.row, p.value_place, k < end ? p.width : 0);
        shown[u] = mask == nullptr || k >= end || mask[k * p.mask_key] != 0;
      }
      float scores[kLoads][Q] = {};
#pragma unroll
      for (int u = 0; u < kLoads; ++u) {
#pragma unroll
        for (int i = 0; i < kVectors; ++i) {
#pragma unroll
          for (int e = 0; e < V; ++e) {
            const float x = widen(key[u][i].element[e]);
#pragma unroll
            for (int q = 0; q < Q; ++q) scores[u][q] = fmaf(query_[q][i][e], x, scores[u][q]);
          }
        }
      }
#pragma unroll 1
      for (int offset = lanes_ / 2; offset > 0; offset /= 2) {
#pragma unroll
        for (int u = 0; u < kLoads; ++u) {
#pragma unroll
          for (int q = 0; q < Q; ++q) scores[u][q] += __shfl_xor_sync(0xffffffffu, scores[u][q], offset);
        }
      }
#pragma unroll
      for (int q = 0; q < Q; ++q) {
        const int last = min(last_key(p, first_query_ + q), end - 1);
        float max = max_[q];
#pragma unroll
        for (int u = 0; u < kLoads; ++u) {
          scores[u][q] = shown[u] ? scores[u][q] * p.scale : kHidden;
          if (own + u * slots > last) scores[u][q] = kNothing;
          max = fmaxf(max, scores[u][q]);
        }
        const float factor = carry(max_[q], max);
        max_[q] = max;
        total_[q] *= factor;
#pragma unroll
        for (int i = 0; i < kVectors; ++i) {
#pragma unroll
          for (int e = 0; e < V; ++e) sums_[q][i][e] *= factor;
        }
#pragma unroll
        for (int u = 0; u < kLoads; ++u) {
          scores[u][q] = carry(scores[u][q], max);
          total_[q] += scores[u][q];
        }
      }
#pragma unroll
      for (int u = 0; u < kLoads; ++u) {
        const int k = own + u * slots;
        if (!kAhead) read_row(value[u], values + k * p.value_place.row, p.value_place, k < end ? p.width : 0);
#pragma unroll
        for (int i = 0; i < kVectors; ++i) {
#pragma unroll
          for (int e = 0; e < V; ++e) {
            const float x = widen(value[u][i].element[e]);
#pragma unroll
            for (int q = 0; q < Q; ++q) sums_[q][i][e] = fmaf(scores[u][q], x, sums_[q][i][e]);
          }
        }
      }
    }
  }

  // Puts the sums of a warp's groups together, in the lanes of its first group.
  __device__ __forceinline__ void gather(const AttentionParams& p) {
#pragma unroll 1
    for (int offset = lanes_; offset < 32; offset *= 2) {
#pragma unroll
      for (int q = 0; q < Q; ++q) {
        const float other = __shfl_xor_sync(0xffffffffu, max_[q], offset);
        const float max = fmaxf(max_[q], other);
        const float factor = carry(max_[q], max);
        const float other_factor = carry(other, max);
        max_[q] = max;
        total_[q] = fmaf(total_[q], factor, __shfl_xor_sync(0xffffffffu, total_[q], offset) * other_factor);
#pragma unroll
        for (int i = 0; i < kVectors; ++i) {
#pragma unroll
          for (int e = 0; e < V; ++e) {
            const float sum = __shfl_xor_sync(0xffffffffu, sums_[q][i][e], offset);
            sums_[q][i][e] = fmaf(sums_[q][i][e], factor, sum * other_factor);
          }
        }
      }
    }
  }

  // Puts the warps' sums together and writes the result, or this chunk's part of it.
  __device__ __forceinline__ void finish(const AttentionParams& p, int index, int chunk) {
    __shared__ float sums[kSplitWarps][Q][E * 32];
    __shared__ float maxima[kSplitWarps][Q];
    __shared__ float totals[kSplitWarps][Q];
    const int warp = threadIdx.x / 32;
    if (static_cast<int>(threadIdx.x % 32) < lanes_) {
#pragma unroll
      for (int q = 0; q < Q; ++q) {
#pragma unroll
        for (int i = 0; i < kVectors; ++i) {
#pragma unroll
          for (int e = 0; e < V; ++e) sums[warp][q][column(i) + e] = sums_[q][i][e];
        }
        if (rank_ == 0) {
          maxima[warp][q] = max_[q];
          totals[warp][q] = total_[q];
        }
      }
    }
    __syncthreads();
    T* out = head_of(static_cast<T*>(p.out), p.out_place, index / p.heads, index % p.heads);
#pragma unroll 1
    for (int q = 0; q < Q; ++q) {
      const int query = first_query_ + q;
      if (query >= p.queries) break;
      float max = kNothing;
      float factors[kSplitWarps];
      float total = 0;
#pragma unroll
      for (int w = 0; w < kSplitWarps; ++w) max = fmaxf(max, maxima[w][q]);
#pragma unroll
      for (int w = 0; w < kSplitWarps; ++w) {
        factors[w] = carry(maxima[w][q], max);
        total = fmaf(totals[w][q], factors[w], total);
      }
      const long long part = (static_cast<long long>(index) * p.queries + query) * p.chunks + chunk;
      const float norm = 1 / total;
#pragma unroll 1
      for (int d = threadIdx.x; d < p.width; d += kSplitThreads) {
        float sum = 0;
#pragma unroll
        for (int w = 0; w < kSplitWarps; ++w) sum = fmaf(sums[w][q][d], factors[w], sum);
        if (p.chunks == 1) {
          out[query * p.out_place.row + d * p.out_place.column] = narrow<T>(sum * norm);
        } else {
          p.sums[part * p.width + d] = sum;
        }
      }
      if (p.chunks > 1 && threadIdx.x == 0) {
        p.weights[part * 2] = max;
        p.weights[part * 2 + 1] = total;
      }
    }
  }
};

// Puts the chunks' parts of one query's result together.
template <typename T>
__device__ __forceinline__ void combine(const AttentionParams& p) {
  const int index = static_cast<int>(blockIdx.x / static_cast<unsigned>(p.queries));
  const int query = static_cast<int>(blockIdx.x % static_cast<unsigned>(p.queries));
  const int chunks = last_key(p, query) / p.chunk + 1;
  const long long first = static_cast<long long>(blockIdx.x) * p.chunks;
  const float2* weights = reinterpret_cast<const float2*>(p.weights) + first;
  T* row = head_of(static_cast<T*>(p.out), p.out_place, index / p.heads, index % p.heads) + query * p.out_place.row;
  float max = kNothing;
#pragma unroll 8
  for (int c = 0; c < chunks; ++c) max = fmaxf(max, weights[c].x);
#pragma unroll 1
  for (int d = threadIdx.x; d < p.width; d += kSplitThreads) {
    const float* sums = p.sums + first * p.width + d;
    float total = 0;
    float sum = 0;
#pragma unroll 8
    for (int c = 0; c < chunks; ++c) {
      const float2 weight = weights[c];
      const float factor = carry(weight.x, max);
      total = fmaf(weight.y, factor, total);
      sum = fmaf(sums[static_cast<long long>(c) * p.width], factor, sum);
    }
    row[d * p.out_place.column] = narrow<T>(sum / total);
  }
}
