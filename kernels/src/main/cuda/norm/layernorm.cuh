// Layer norm over rows: out = (x - mean) / sqrt(variance + epsilon) * gamma + beta, the variance biased.
//   row      a group of threads (from one to the block) keeps a row in registers, so that memory is read once;
//   plain    likewise, for rows that are as simple as most are (layernorm_plain.cuh);
//   cluster  a cluster of blocks keeps a long row in registers, where the device has clusters (layernorm_cluster.cuh);
//   partial, finish   other long rows: mean and squared distances of each slice first, then, reading again, the
//            results.
// Mean and variance are two passes over registers, because the one-pass formula E[x^2] - E[x]^2 cancels where the mean
// is large. The second pass also sums x - mean, which is what rounding left out of the mean, and puts it in. Where one
// pass does (see there), it sums distances from a number near the mean.
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
  int vectors;  // row, cluster: 16-byte vectors that the busiest of them has
  int slice;    // partial, finish: elements of a slice, a multiple of what a vector holds; cluster: vectors of a block
  int slices;
  int unused;
  void* partial;  // partial, finish: count, mean and squared distances of every slice
};

__device__ __forceinline__ float root(float x) { return sqrtf(x); }
__device__ __forceinline__ double root(double x) { return sqrt(x); }

// Moves the words of two neighbouring vectors down by so many bytes, the same in a whole block, and returns the first.
__device__ __forceinline__ Words shifted(Words low, Words high, unsigned bytes) {
  unsigned word[8];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    word[i] = low.word[i];
    word[i + 4] = high.word[i];
  }
#pragma unroll
  for (int i = 0; i < 6; ++i) word[i] = bytes & 8 ? word[i + 2] : word[i];
#pragma unroll
  for (int i = 0; i < 5; ++i) word[i] = bytes & 4 ? word[i + 1] : word[i];
  Words result;
#pragma unroll
  for (int i = 0; i < 4; ++i) result.word[i] = __funnelshift_r(word[i], word[i + 1], bytes % 4 * 8);
  return result;
}

// A word of a scale or shift, which nothing writes while the kernel runs: the compiler may move such loads over stores.
__device__ __forceinline__ Words read_only(const Words* at) {
  const uint4 word = __ldg(reinterpret_cast<const uint4*>(at));
  return {word.x, word.y, word.z, word.w};
}

struct Product {
  template <typename W>
  static __device__ __forceinline__ W of(W a, W b) {
    return a * b;
  }
};

// Scales or shifts by elements first..first + V - 1 of a parameter, some of which a row may lack. Long rows that begin
// inside a 16-byte word find the parameter's vectors astride two words, and put them together.
template <bool kAstride, typename Op, typename P, typename T>
__device__ __forceinline__ void apply(const P* parameter, int first, Share share, Wide<T> (&values)[kVector<T>]) {
  constexpr int V = kVector<T>;
  constexpr int N = kVector<P>;
  const P* at = parameter + first;
  const unsigned apart = static_cast<unsigned>(reinterpret_cast<unsigned long long>(at) % 16);
  const int margin = apart == 0 ? 0 : N;
  if (share.has_all(first - margin, V + 2 * margin) && (kAstride || apart == 0)) {
    const Words* word = reinterpret_cast<const Words*>(reinterpret_cast<const char*>(at) - apart);
#pragma unroll
    for (int i = 0; i < V / N; ++i) {
      Words part = read_only(word + i);
      if (kAstride && apart != 0) part = shifted(part, read_only(word + i + 1), apart);
      Wide<T> wide[N];
      spread<P>(part, wide);
#pragma unroll
      for (int e = 0; e < N; ++e) values[i * N + e] = Op::of(values[i * N + e], wide[e]);
    }
  } else {
#pragma unroll
    for (int e = 0; e < V; ++e) {
      if (share.has(first + e)) values[e] = Op::of(values[e], static_cast<Wide<T>>(widen(at[e])));
    }
  }
}

template <bool kAstride, typename Op, typename T>
__device__ __forceinline__ void apply(Parameter parameter, int offset, int first, Share share,
                                      Wide<T> (&values)[kVector<T>]) {
  if (parameter.at == nullptr) return;
  if (parameter.wide || sizeof(T) == sizeof(Wide<T>)) {
    apply<kAstride, Op, Wide<T>, T>(static_cast<const Wide<T>*>(parameter.at) + offset, first, share, values);
  } else {
    apply<kAstride, Op, T, T>(static_cast<const T*>(parameter.at) + offset, first, share, values);
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

template <typename T, int N>
__device__ __forceinline__ Wide<T> sum_of(const Held<N>& x, Share share) {
  Wide<T> parts[kVector<T>] = {};
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= share.vectors) break;
    Wide<T> values[kVector<T>];
    spread<T>(x[j], values);
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) parts[e] += values[e];
  }
  return total<T>(parts);
}

// Sums distances from a number, and their squares; absent elements have none.
template <typename T, int N>
__device__ __forceinline__ void distances(const Held<N>& x, Share share, Wide<T> from, Wide<T>& sum,
                                          Wide<T>& squares) {
  Wide<T> first[kVector<T>] = {};
  Wide<T> second[kVector<T>] = {};
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= share.vectors) break;
    const int at = share.at(j);
    Wide<T> values[kVector<T>];
    spread<T>(x[j], values);
    if (!share.has_all(at, kVector<T>)) {
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) values[e] = share.has(at + e) ? values[e] : from;
    }
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) {
      const Wide<T> distance = values[e] - from;
      first[e] += distance;
      second[e] += distance * distance;
    }
  }
  sum = total<T>(first);
  squares = total<T>(second);
}

// Writes the results of a share: distances from the mean, which is given in two parts, by a factor, scaled and shifted.
// The row's part begins at an offset.
template <typename T, int N, bool kAstride>
__device__ __forceinline__ void normalize(const LayerNormParams& p, const Held<N>& x, Share share, int offset, T* out,
                                          Wide<T> mean, Wide<T> rest, Wide<T> factor) {
  const Target<T> target(out, p.out_stride, share);
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= share.vectors) break;
    Wide<T> values[kVector<T>];
    spread<T>(x[j], values);
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) values[e] = (values[e] - mean - rest) * factor;
    apply<kAstride, Product, T>(p.gamma, offset, share.at(j), share, values);
    apply<kAstride, Sum, T>(p.beta, offset, share.at(j), share, values);
    target.write(share, share.at(j), values);
  }
}

// The squared distances of numbers from their mean, given those from another number, and the sum of the distances times
// its mean. What is beyond the type stays so.
template <typename W>
__device__ __forceinline__ W around_mean(W squares, W excess) {
  return squares < static_cast<W>(__builtin_huge_val()) ? squares - excess : squares;
}

// What distances from the mean are multiplied by. Rounding may leave a variance below 0.
template <typename W>
__device__ __forceinline__ W factor_of(W variance, double epsilon) {
  if (variance < 0) variance = 0;
  return 1 / root(variance + static_cast<W>(epsilon));
}

template <typename T, int kThreads>
__device__ __forceinline__ void layernorm_row(const LayerNormParams& p) {
  using W = Wide<T>;
  constexpr int N = kVectors<T>;
  __shared__ W sums[1][kMostWarps];
  __shared__ W squares[2][kMostWarps];
  const int group = 1 << p.group_bits;
  const unsigned row = blockIdx.x * static_cast<unsigned>(kThreads >> p.group_bits) + (threadIdx.x >> p.group_bits);
  const bool exists = row < p.rows.count;
  long long at[2];
  p.rows.offsets(exists ? row : 0, at);
  T* out = static_cast<T*>(p.out) + at[0];
  const T* in = static_cast<const T*>(p.in) + at[1];
  const Share share =
      share_of(in, p.in_stride, out, exists ? p.count : 0, threadIdx.x & (group - 1), group, p.vectors);

  Held<N> x;
  load<T, N>(x, in, p.in_stride, share, 0);
  const W count = static_cast<W>(p.count);
  const W mean = across<Sum>(sum_of<T, N>(x, share), group, sums) / count;
  W own[2];
  distances<T, N>(x, share, mean, own[0], own[1]);
  across<Sum>(own, group, squares);
  const W rest = own[0] / count;
  const W factor = factor_of(around_mean(own[1], own[0] * rest) / count, p.epsilon);
  if constexpr (kIsHalf<T>) {
    // The differences are exact enough for 16 bits as they are.
    normalize<T, N, false>(p, x, share, 0, out, mean + rest, W(0), factor);
  } else {
    normalize<T, N, false>(p, x, share, 0, out, mean, rest, factor);
  }
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
    Held<kVectors<T>> x;
    load<T, kVectors<T>>(x, slice.in, p.in_stride, share, 0);
    int number = 0;
#pragma unroll
    for (int j = 0; j < kVectors<T>; ++j) {
      number += max(0, min(share.count, share.at(j) + kVector<T>) - max(0, share.at(j)));
    }
    const W count = static_cast<W>(number);
    if (number == 0) continue;
    const W mean = sum_of<T, kVectors<T>>(x, share) / count;
    W sum, squares;
    distances<T, kVectors<T>>(x, share, mean, sum, squares);
    own = merged(own, Moments<W>{count, mean + sum / count, around_mean(squares, sum * (sum / count))});
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
  const W factor = factor_of(own.squares / static_cast<W>(p.count), p.epsilon);

  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kLayerNormThreads, kVectors<T>);
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<kVectors<T>> x;
    load<T, kVectors<T>>(x, slice.in, p.in_stride, share, 0);
    normalize<T, kVectors<T>, true>(p, x, share, slice.first, slice.out, own.mean, W(0), factor);
  }
}
