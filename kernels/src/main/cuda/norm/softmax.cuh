// Softmax and log-softmax along one axis. A row is read once where threads can hold it in registers:
//   row      a group of threads (from one to the block) a row, or several rows a block;
//   column   the axis is not the dense one: neighbouring threads work on neighbouring rows;
//   partial, finish   rows that are too long for a block: each slice's maximum and sum first, then, reading again,
//            the results.
// As on the CPU a row with NaN or +inf, or of nothing but -inf, becomes NaN; sums run in a fixed order.
#pragma once

#include "norm/row.cuh"

constexpr int kSoftmaxThreads = 256;
constexpr int kSoftmaxLongThreads = 512;

struct SoftmaxParams {
  void* out;
  const void* in;
  Indexer<2> rows;  // output, input
  long long out_stride;
  long long in_stride;
  int count;      // elements of a row
  int logarithm;  // 0 or 1
  int group_bits;  // row, column: the logarithm of how many threads share one
  int vectors;    // row: 16-byte vectors that the busiest of them has
  int slice;      // partial, finish: elements of a slice, a multiple of what a block holds
  int slices;
  void* partial;  // partial, finish: maximum and sum of every slice
};

__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float logarithm_of(float x) { return logf(x); }
__device__ __forceinline__ double logarithm_of(double x) { return log(x); }

// Loads of a column in flight where it is read twice.
template <typename T>
constexpr int kLoads = kHeld<T> / 4;

template <typename T>
constexpr Wide<T> kLowest = -static_cast<Wide<T>>(__builtin_huge_val());

template <typename T>
__device__ __forceinline__ Wide<T> largest(const Held<T>& x, Share share) {
  Wide<T> parts[kVector<T>];
#pragma unroll
  for (int e = 0; e < kVector<T>; ++e) parts[e] = kLowest<T>;
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) parts[e] = Largest::of(parts[e], x[j][e]);
  }
#pragma unroll
  for (int e = 1; e < kVector<T>; ++e) parts[0] = Largest::of(parts[0], parts[e]);
  return parts[0];
}

// The sum of exp(x - max), each of which replaces its x if wanted. Absent elements are -inf.
template <typename T>
__device__ __forceinline__ Wide<T> exponentials(Held<T>& x, Share share, Wide<T> max, bool replace) {
  Wide<T> parts[kVector<T>] = {};
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) {
      const Wide<T> y = exponential(x[j][e] - max);
      parts[e] += y;
      if (replace) x[j][e] = y;
    }
  }
  return total<T>(parts);
}

template <typename T, int kThreads>
__device__ __forceinline__ void softmax_row(const SoftmaxParams& p) {
  using W = Wide<T>;
  __shared__ W maxima[kMostWarps];
  __shared__ W sums[kMostWarps];
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
  load<T>(x, in, p.in_stride, share, kLowest<T>);
  const W max = across<Largest>(largest<T>(x, share), group, maxima);
  const W sum = across<Sum>(exponentials<T>(x, share, max, p.logarithm == 0), group, sums);
  const W log = logarithm_of(sum);
  const W factor = 1 / sum;
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) x[j][e] = p.logarithm ? x[j][e] - max - log : x[j][e] * factor;
  }
  store<T>(x, out, p.out_stride, share);
}

// A maximum and the sum of exp(x - maximum), where -inf stands for "no maximum yet" and counts as 0.
template <typename W>
struct Weight {
  W max;
  W sum;
};

template <typename W>
__device__ __forceinline__ W base_of(W max) {
  return max == -static_cast<W>(__builtin_huge_val()) ? W(0) : max;
}

template <typename W>
__device__ __forceinline__ Weight<W> merged(Weight<W> a, Weight<W> b) {
  const W max = Largest::of(a.max, b.max);
  const W base = base_of(max);
  return {max, a.sum * exponential(a.max - base) + b.sum * exponential(b.max - base)};
}

// What all elements of a row are computed with. A row without maximum has none but -inf and NaN, and becomes NaN.
template <typename W>
struct Result {
  W max;
  W log;
  W factor;

  __device__ __forceinline__ explicit Result(Weight<W> weight)
      : max(weight.max), log(logarithm_of(weight.sum)), factor(1 / weight.sum) {}

  __device__ __forceinline__ W of(W x, bool logarithm) const {
    return logarithm ? x - max - log : exponential(x - max) * factor;
  }
};

// Columns: 2^group_bits threads share one, a warp's length or more apart, so that a warp reads neighbours.
template <typename T>
__device__ __forceinline__ void softmax_column(const SoftmaxParams& p) {
  using W = Wide<T>;
  __shared__ Weight<W> weights[kSoftmaxThreads];
  const int group = 1 << p.group_bits;
  const int columns = kSoftmaxThreads >> p.group_bits;
  const int own_column = threadIdx.x & (columns - 1);
  const int rank = static_cast<int>(threadIdx.x) / columns;
  const unsigned column = blockIdx.x * static_cast<unsigned>(columns) + own_column;
  const bool exists = column < p.rows.count;
  long long at[2];
  p.rows.offsets(exists ? column : 0, at);
  T* out = static_cast<T*>(p.out) + at[0];
  const T* in = static_cast<const T*>(p.in) + at[1];
  const int count = exists ? p.count : 0;
  // One read where a thread can hold its part.
  const bool holds = p.count <= group * kHeld<T>;

  W x[kHeld<T>];
  Weight<W> own = {kLowest<T>, 0};
  if (holds) {
    T raw[kHeld<T>];
#pragma unroll
    for (int k = 0; k < kHeld<T>; ++k) {
      if (k * group >= p.count) break;
      const int i = rank + k * group;
      raw[k] = i < count ? in[i * p.in_stride] : narrow<T>(kLowest<T>);
    }
#pragma unroll
    for (int k = 0; k < kHeld<T>; ++k) {
      if (k * group >= p.count) break;
      x[k] = widen(raw[k]);
      own.max = Largest::of(own.max, x[k]);
    }
    const W base = base_of(own.max);
    W parts[4] = {};
#pragma unroll
    for (int k = 0; k < kHeld<T>; ++k) {
      if (k * group >= p.count) break;
      parts[k % 4] += exponential(x[k] - base);
    }
    own.sum = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  } else {
    for (int start = rank; start < count; start += group * kLoads<T>) {
      W y[kLoads<T>];
#pragma unroll
      for (int k = 0; k < kLoads<T>; ++k) {
        const int i = start + k * group;
        y[k] = i < count ? widen(in[i * p.in_stride]) : kLowest<T>;
      }
      Weight<W> part = {kLowest<T>, 0};
#pragma unroll
      for (int k = 0; k < kLoads<T>; ++k) part.max = Largest::of(part.max, y[k]);
      const W base = base_of(part.max);
#pragma unroll
      for (int k = 0; k < kLoads<T>; ++k) part.sum += exponential(y[k] - base);
      own = merged(own, part);
    }
  }
  Weight<W> whole = own;
  if (group > 1) {
    weights[threadIdx.x] = own;
    __syncthreads();
    whole = weights[own_column];
#pragma unroll 1
    for (int i = 1; i < group; ++i) whole = merged(whole, weights[own_column + i * columns]);
  }
  const Result<W> result(whole);
  if (holds) {
#pragma unroll
    for (int k = 0; k < kHeld<T>; ++k) {
      if (k * group >= p.count) break;
      const int i = rank + k * group;
      if (i < count) out[i * p.out_stride] = narrow<T>(result.of(x[k], p.logarithm != 0));
    }
  } else {
    for (int start = rank; start < count; start += group * kLoads<T>) {
      W y[kLoads<T>];
#pragma unroll
      for (int k = 0; k < kLoads<T>; ++k) {
        const int i = start + k * group;
        if (i < count) y[k] = widen(in[i * p.in_stride]);
      }
#pragma unroll
      for (int k = 0; k < kLoads<T>; ++k) {
        const int i = start + k * group;
        if (i < count) out[i * p.out_stride] = narrow<T>(result.of(y[k], p.logarithm != 0));
      }
    }
  }
}

// A block's slice of a row that is longer than a block holds.
template <typename T>
struct SoftmaxSlice {
  T* out;
  const T* in;
  int count;

  __device__ __forceinline__ SoftmaxSlice(const SoftmaxParams& p, unsigned row, int slice) {
    long long at[2];
    p.rows.offsets(row, at);
    const long long first = static_cast<long long>(slice) * p.slice;
    out = static_cast<T*>(p.out) + at[0] + first * p.out_stride;
    in = static_cast<const T*>(p.in) + at[1] + first * p.in_stride;
    count = static_cast<int>(min(static_cast<long long>(p.slice), p.count - first));
  }
};

// The tile of a slice that a block holds at a time. Slices that begin inside a 16-byte word have one tile more.
template <typename T>
constexpr int kTile = kSoftmaxThreads* kHeld<T>;

template <typename T>
__device__ __forceinline__ void softmax_partial(const SoftmaxParams& p) {
  using W = Wide<T>;
  __shared__ W maxima[kMostWarps];
  __shared__ W sums[kMostWarps];
  const unsigned row = blockIdx.x / static_cast<unsigned>(p.slices);
  const SoftmaxSlice<T> slice(p, row, static_cast<int>(blockIdx.x % static_cast<unsigned>(p.slices)));
  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kSoftmaxThreads, kVectors<T>);
  Weight<W> own = {kLowest<T>, 0};
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<T> x;
    load<T>(x, slice.in, p.in_stride, share, kLowest<T>);
    const W max = largest<T>(x, share);
    own = merged(own, Weight<W>{max, exponentials<T>(x, share, base_of(max), false)});
  }
  const W max = across<Largest>(own.max, kSoftmaxThreads, maxima);
  const W sum = across<Sum>(own.sum * exponential(own.max - base_of(max)), kSoftmaxThreads, sums);
  if (threadIdx.x == 0) static_cast<Weight<W>*>(p.partial)[blockIdx.x] = {max, sum};
}

template <typename T>
__device__ __forceinline__ void softmax_finish(const SoftmaxParams& p) {
  using W = Wide<T>;
  __shared__ W maxima[kMostWarps];
  __shared__ W sums[kMostWarps];
  const unsigned row = blockIdx.x / static_cast<unsigned>(p.slices);
  const SoftmaxSlice<T> slice(p, row, static_cast<int>(blockIdx.x % static_cast<unsigned>(p.slices)));
  const Weight<W>* partial = static_cast<const Weight<W>*>(p.partial) + static_cast<long long>(row) * p.slices;
  Weight<W> own = {kLowest<T>, 0};
#pragma unroll 1
  for (int i = threadIdx.x; i < p.slices; i += kSoftmaxThreads) own = merged(own, partial[i]);
  const W max = across<Largest>(own.max, kSoftmaxThreads, maxima);
  const W sum = across<Sum>(own.sum * exponential(own.max - base_of(max)), kSoftmaxThreads, sums);
  const Result<W> result(Weight<W>{max, sum});

  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kSoftmaxThreads, kVectors<T>);
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<T> x;
    load<T>(x, slice.in, p.in_stride, share, kLowest<T>);
#pragma unroll
    for (int j = 0; j < kVectors<T>; ++j) {
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) x[j][e] = result.of(x[j][e], p.logarithm != 0);
    }
    store<T>(x, slice.out, p.out_stride, share);
  }
}
