// Layer norm over rows: out = (x - mean) / sqrt(variance + epsilon) * gamma + beta, the variance biased.
//   row      a group of threads (from one to the block) keeps a row in registers, so that memory is read once;
//   partial, finish   rows that are too long for a block: mean and squared distances of each slice first, then,
//            reading again, the results.
// Mean and variance are two passes over registers, because the one-pass formula E[x^2] - E[x]^2 cancels where the mean
// is large. The second pass also sums x - mean, which is what rounding left out of the mean, and puts it in.
#pragma once

#include "norm/row.cuh"

constexpr int kLayerNormThreads = 256;
constexpr int kLayerNormLongThreads = 512;

// A scale or shift: none, elements of the rows' type, or of the type that they are computed in. No gaps.
struct Parameter {
  const void* at;
  int wide;
  int unused;
};

struct LayerNormParams {
  void* out;
  const void* in;
  Indexer<2> rows;  // output, input
  long long out_stride;
  long long in_stride;
  Parameter gamma;
  Parameter beta;
  double epsilon;
  int count;    // elements of a row
  int group_bits;  // row: the logarithm of how many threads share one
  int vectors;  // row: 16-byte vectors that the busiest of them has
  int slice;    // partial, finish: elements of a slice, a multiple of what a vector holds
  int slices;
  int unused;
  void* partial;  // partial, finish: count, mean and squared distances of every slice
};

__device__ __forceinline__ float root(float x) { return sqrtf(x); }
__device__ __forceinline__ double root(double x) { return sqrt(x); }

// Elements first..first + V - 1 of a parameter, some of which the row may lack.
template <typename P, typename T>
__device__ __forceinline__ void read(const P* parameter, int first, Share share, Wide<T> (&values)[kVector<T>]) {
  constexpr int V = kVector<T>;
  constexpr int N = V * sizeof(P) > 16 ? 16 / sizeof(P) : V;
  const P* at = parameter + first;
  if (first >= 0 && first + V <= share.count && reinterpret_cast<unsigned long long>(at) % 16 == 0) {
#pragma unroll
    for (int i = 0; i < V / N; ++i) {
      const Vector<P, N> part = reinterpret_cast<const Vector<P, N>*>(at)[i];
#pragma unroll
      for (int e = 0; e < N; ++e) values[i * N + e] = widen(part.element[e]);
    }
  } else {
#pragma unroll
    for (int e = 0; e < V; ++e) values[e] = share.has(first + e) ? widen(at[e]) : Wide<T>(0);
  }
}

template <typename T>
__device__ __forceinline__ void read(Parameter parameter, int offset, int first, Share share,
                                     Wide<T> (&values)[kVector<T>]) {
  if (parameter.wide || sizeof(T) == sizeof(Wide<T>)) {
    read<Wide<T>, T>(static_cast<const Wide<T>*>(parameter.at) + offset, first, share, values);
  } else {
    read<T, T>(static_cast<const T*>(parameter.at) + offset, first, share, values);
  }
}

// How many numbers, their mean, and the sum of their squared distances from it.
template <typename W>
struct Moments {
  W count;
  W mean;
  W squares;
};

// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
template <typename W>
__device__ __forceinline__ Moments<W> merged(Moments<W> a, Moments<W> b) {
  const W count = a.count + b.count;
  if (count == 0) return a;
  const W distance = b.mean - a.mean;
  const W share = b.count / count;
  return {count, a.mean + distance * share, a.squares + b.squares + distance * distance * a.count * share};
}

template <typename T>
__device__ __forceinline__ Wide<T> sum_of(const Held<T>& x, Share share) {
  Wide<T> parts[kVector<T>] = {};
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) parts[e] += x[j][e];
  }
  return total<T>(parts);
}

// Replaces x by its distance from a number; absent elements become 0. Sums them and their squares.
template <typename T>
__device__ __forceinline__ void distances(Held<T>& x, Share share, Wide<T> from, Wide<T>& sum, Wide<T>& squares) {
  Wide<T> first[kVector<T>] = {};
  Wide<T> second[kVector<T>] = {};
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) {
      x[j][e] = share.has(share.at(j) + e) ? x[j][e] - from : Wide<T>(0);
      first[e] += x[j][e];
      second[e] += x[j][e] * x[j][e];
    }
  }
  sum = total<T>(first);
  squares = total<T>(second);
}

// Turns distances from a number into results: the mean is `rest` further on. The row's part begins at an offset.
template <typename T>
__device__ __forceinline__ void normalize(const LayerNormParams& p, Held<T>& x, Share share, int offset, Wide<T> rest,
                                          Wide<T> factor) {
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) x[j][e] = (x[j][e] - rest) * factor;
    Wide<T> values[kVector<T>];
    if (p.gamma.at != nullptr) {
      read<T>(p.gamma, offset, share.at(j), share, values);
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) x[j][e] *= values[e];
    }
    if (p.beta.at != nullptr) {
      read<T>(p.beta, offset, share.at(j), share, values);
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) x[j][e] += values[e];
    }
  }
}

template <typename W>
__device__ __forceinline__ W factor_of(W variance, double epsilon) {
  return 1 / root(variance + static_cast<W>(epsilon));
}

template <typename T, int kThreads>
__device__ __forceinline__ void layernorm_row(const LayerNormParams& p) {
  using W = Wide<T>;
  __shared__ W sums[kMostWarps];
  __shared__ W rests[kMostWarps];
  __shared__ W squares[kMostWarps];
  const int group = 1 << p.group_bits;
  const unsigned row = blockIdx.x * static_cast<unsigned>(kThreads >> p.group_bits) + (threadIdx.x >> p.group_bits);
  const bool exists = row < p.rows.count;
  long long at[2];
  p.rows.offsets(exists ? row : 0, at);
  T* out = static_cast<T*>(p.out) + at[0];
  const T* in = static_cast<const T*>(p.in) + at[1];
  const Share share =
      share_of(in, p.in_stride, out, exists ? p.count : 0, threadIdx.x & (group - 1), group, p.vectors);

  Held<T> x;
  load<T>(x, in, p.in_stride, share, 0);
  const W count = static_cast<W>(p.count);
  const W mean = across<Sum>(sum_of<T>(x, share), group, sums) / count;
  W own, own_squares;
  distances<T>(x, share, mean, own, own_squares);
  const W sum = across<Sum>(own, group, rests);
  const W rest = sum / count;
  W variance = (across<Sum>(own_squares, group, squares) - sum * rest) / count;
  if (variance < 0) variance = 0;
  normalize<T>(p, x, share, 0, rest, factor_of(variance, p.epsilon));
  store<T>(x, out, p.out_stride, share);
}

// A block's slice of a row that is longer than a block holds.
template <typename T>
struct LayerNormSlice {
  T* out;
  const T* in;
  int first;
  int count;

  __device__ __forceinline__ LayerNormSlice(const LayerNormParams& p, unsigned row, int slice) {
    long long at[2];
    p.rows.offsets(row, at);
    first = slice * p.slice;
    out = static_cast<T*>(p.out) + at[0] + first * p.out_stride;
    in = static_cast<const T*>(p.in) + at[1] + first * p.in_stride;
    count = min(p.slice, p.count - first);
  }
};

// The tile of a slice that a block holds at a time. Slices that begin inside a 16-byte word have one tile more.
template <typename T>
constexpr int kTile = kLayerNormThreads* kHeld<T>;

template <typename W>
__device__ __forceinline__ Moments<W> across(Moments<W> own, Moments<W> (&scratch)[kLayerNormThreads / 32]) {
#pragma unroll 1
  for (int offset = 16; offset > 0; offset /= 2) {
    const Moments<W> other = {__shfl_xor_sync(0xffffffffu, own.count, offset),
                              __shfl_xor_sync(0xffffffffu, own.mean, offset),
                              __shfl_xor_sync(0xffffffffu, own.squares, offset)};
    // The same order in both lanes, so that both get the same bits.
    own = threadIdx.x & offset ? merged(other, own) : merged(own, other);
  }
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = own;
  __syncthreads();
  own = scratch[0];
#pragma unroll 1
  for (int i = 1; i < kLayerNormThreads / 32; ++i) own = merged(own, scratch[i]);
  return own;
}

template <typename T>
__device__ __forceinline__ void layernorm_partial(const LayerNormParams& p) {
  using W = Wide<T>;
  __shared__ Moments<W> scratch[kLayerNormThreads / 32];
  const unsigned row = blockIdx.x / static_cast<unsigned>(p.slices);
  const LayerNormSlice<T> slice(p, row, static_cast<int>(blockIdx.x % static_cast<unsigned>(p.slices)));
  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kLayerNormThreads, kVectors<T>);
  Moments<W> own = {0, 0, 0};
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<T> x;
    load<T>(x, slice.in, p.in_stride, share, 0);
    int number = 0;
#pragma unroll
    for (int j = 0; j < kVectors<T>; ++j) {
      number += max(0, min(share.count, share.at(j) + kVector<T>) - max(0, share.at(j)));
    }
    const W count = static_cast<W>(number);
    if (number == 0) continue;
    const W mean = sum_of<T>(x, share) / count;
    W sum, squares;
    distances<T>(x, share, mean, sum, squares);
    own = merged(own, Moments<W>{count, mean + sum / count, squares - sum * (sum / count)});
  }
  own = across(own, scratch);
  if (threadIdx.x == 0) static_cast<Moments<W>*>(p.partial)[blockIdx.x] = own;
}

template <typename T>
__device__ __forceinline__ void layernorm_finish(const LayerNormParams& p) {
  using W = Wide<T>;
  __shared__ Moments<W> scratch[kLayerNormThreads / 32];
  const unsigned row = blockIdx.x / static_cast<unsigned>(p.slices);
  const LayerNormSlice<T> slice(p, row, static_cast<int>(blockIdx.x % static_cast<unsigned>(p.slices)));
  const Moments<W>* partial = static_cast<const Moments<W>*>(p.partial) + static_cast<long long>(row) * p.slices;
  Moments<W> own = {0, 0, 0};
#pragma unroll 1
  for (int i = threadIdx.x; i < p.slices; i += kLayerNormThreads) own = merged(own, partial[i]);
  own = across(own, scratch);
  W variance = own.squares / static_cast<W>(p.count);
  if (variance < 0) variance = 0;
  const W factor = factor_of(variance, p.epsilon);

  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kLayerNormThreads, kVectors<T>);
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<T> x;
    load<T>(x, slice.in, p.in_stride, share, 0);
    normalize<T>(p, x, share, slice.first, own.mean, factor);
    store<T>(x, slice.out, p.out_stride, share);
  }
}
