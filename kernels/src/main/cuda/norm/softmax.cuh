// Softmax and log-softmax along one axis. A row is read once where threads can hold it in registers:
//   row      a group of threads (from one to the block) a row, or several rows a block;
//   column   the axis is not the dense one: neighbouring threads work on neighbouring rows;
//   partial, finish   rows that are too long for a block: each slice's maximum and sum first, then, reading again,
//            the results.
// As on the CPU a row with NaN or +inf, or of nothing but -inf, becomes NaN; sums run in a fixed order.
#pragma once

#include "common/ptx.cuh"
#include "norm/row.cuh"

constexpr int kSoftmaxThreads = 256;
constexpr int kSoftmaxLongThreads = 512;
// The longest rows that one block keeps in registers: fewer threads with many, or many threads.
constexpr int kSoftmaxFloatThreads = 512;
constexpr int kSoftmaxHalfThreads = 1024;
constexpr int kLongestFloats = 100;
constexpr int kLongestHalves = 56;

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

// exp(x - max). For 16-bit results the hardware's approximation is far more than exact enough; what it flushes to 0,
// below 2^-126, is less than the errors of everything beside it.
constexpr float kLog2E = 1.4426950408889634f;
template <typename T>
__device__ __forceinline__ Wide<T> weight_of(Wide<T> x, Wide<T> max) {
  if constexpr (kIsHalf<T>) {
    return exp2_of((x - max) * kLog2E);
  } else {
    return exponential(x - max);
  }
}

// Elements of a column that a thread keeps, and loads in flight where a column is read twice.
template <typename T>
constexpr int kColumnHeld = sizeof(T) == 8 ? kHeldDoubles : kHeldFloats;
template <typename T>
constexpr int kLoads = kColumnHeld<T> / 4;

template <typename T>
constexpr Wide<T> kLowest = -static_cast<Wide<T>>(__builtin_huge_val());

__device__ __forceinline__ unsigned larger_pair(f16, unsigned a, unsigned b) {
  const __half2 pair = __hmax2(bits_as<__half2>(a), bits_as<__half2>(b));
  return bits_as<unsigned>(pair);
}
__device__ __forceinline__ unsigned larger_pair(bf16, unsigned a, unsigned b) {
  const __nv_bfloat162 pair = __hmax2(bits_as<__nv_bfloat162>(a), bits_as<__nv_bfloat162>(b));
  return bits_as<unsigned>(pair);
}

template <typename T, int N>
__device__ __forceinline__ Wide<T> largest(const Held<N>& x, Share share) {
  Wide<T> parts[kVector<T>];
  if constexpr (kIsHalf<T>) {
    // Two at a time.
    Words most = x[0];
#pragma unroll
    for (int j = 1; j < N; ++j) {
      if (j >= share.vectors) break;
#pragma unroll
      for (int i = 0; i < 4; ++i) most.word[i] = larger_pair(T(), most.word[i], x[j].word[i]);
    }
    spread<T>(most, parts);
  } else {
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) parts[e] = kLowest<T>;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (j >= share.vectors) break;
      Wide<T> values[kVector<T>];
      spread<T>(x[j], values);
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) parts[e] = Largest::of(parts[e], values[e]);
    }
  }
  // From the lowest, so that NaN is passed over here, too.
  Wide<T> result = kLowest<T>;
#pragma unroll
  for (int e = 0; e < kVector<T>; ++e) result = Largest::of(result, parts[e]);
  return result;
}

// The sum of exp(x - max), each of which replaces its x if wanted and not of 16 bits. Absent elements are -inf.
template <typename T, int N>
__device__ __forceinline__ Wide<T> exponentials(Held<N>& x, Share share, Wide<T> max, bool replace) {
  Wide<T> parts[kVector<T>] = {};
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= share.vectors) break;
    Wide<T> values[kVector<T>];
    spread<T>(x[j], values);
#pragma unroll
    for (int e = 0; e < kVector<T>; ++e) {
      values[e] = weight_of<T>(values[e], max);
      parts[e] += values[e];
    }
    if (!kIsHalf<T> && replace) x[j] = packed<T>(values);
  }
  return total<T>(parts);
}

// Writes what becomes of a share whose row has such a maximum and sum. Where weights were kept, x has them.
template <typename T, int N>
__device__ __forceinline__ void finish(const SoftmaxParams& p, const Held<N>& x, Share share, T* out, Wide<T> max,
                                       Wide<T> sum, bool weights) {
  using W = Wide<T>;
  const Target<T> target(out, p.out_stride, share);
  const W factor = 1 / sum;
  // In 16 bits the division is part of the exponent.
  const W log = p.logarithm || !kIsHalf<T> ? logarithm_of(sum) : static_cast<W>(log2f(static_cast<float>(sum)));
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= share.vectors) break;
    W values[kVector<T>];
    spread<T>(x[j], values);
    if (p.logarithm) {
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) values[e] = values[e] - max - log;
    } else if constexpr (kIsHalf<T>) {
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) values[e] = exp2_of(fmaf(values[e] - max, kLog2E, -log));
    } else {
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) values[e] = (weights ? values[e] : weight_of<T>(values[e], max)) * factor;
    }
    target.write(share, share.at(j), values);
  }
}

template <typename T, int kThreads, int N = kVectors<T>, int kBytes = 16>
__device__ __forceinline__ void softmax_row(const SoftmaxParams& p) {
  using W = Wide<T>;
  __shared__ W maxima[1][kMostWarps];
  __shared__ W sums[1][kMostWarps];
  const int group = 1 << p.group_bits;
  const unsigned row = blockIdx.x * static_cast<unsigned>(kThreads >> p.group_bits) + (threadIdx.x >> p.group_bits);
  const bool exists = row < p.rows.count;
  long long at[2];
  p.rows.offsets(exists ? row : 0, at);
  T* out = static_cast<T*>(p.out) + at[0];
  const T* in = static_cast<const T*>(p.in) + at[1];
  const Share share =
      share_of<kBytes>(in, p.in_stride, out, exists ? p.count : 0, threadIdx.x & (group - 1), group, p.vectors);

  Held<N> x;
  load<T, N>(x, in, p.in_stride, share, kLowest<T>);
  const W max = across<Largest>(largest<T, N>(x, share), group, maxima);
  const W sum = across<Sum>(exponentials<T, N>(x, share, max, p.logarithm == 0), group, sums);
  finish<T, N>(p, x, share, out, max, sum, true);
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
  const bool holds = p.count <= group * kColumnHeld<T>;

  W x[kColumnHeld<T>];
  Weight<W> own = {kLowest<T>, 0};
  if (holds) {
    T raw[kColumnHeld<T>];
#pragma unroll
    for (int k = 0; k < kColumnHeld<T>; ++k) {
      if (k * group >= p.count) break;
      const int i = rank + k * group;
      raw[k] = i < count ? in[i * p.in_stride] : narrow<T>(kLowest<T>);
    }
#pragma unroll
    for (int k = 0; k < kColumnHeld<T>; ++k) {
      if (k * group >= p.count) break;
      x[k] = widen(raw[k]);
      own.max = Largest::of(own.max, x[k]);
    }
    const W base = base_of(own.max);
    W parts[4] = {};
#pragma unroll
    for (int k = 0; k < kColumnHeld<T>; ++k) {
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
    for (int k = 0; k < kColumnHeld<T>; ++k) {
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
  __shared__ W maxima[1][kMostWarps];
  __shared__ W sums[1][kMostWarps];
  const unsigned row = blockIdx.x / static_cast<unsigned>(p.slices);
  const SoftmaxSlice<T> slice(p, row, static_cast<int>(blockIdx.x % static_cast<unsigned>(p.slices)));
  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kSoftmaxThreads, kVectors<T>);
  Weight<W> own = {kLowest<T>, 0};
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<kVectors<T>> x;
    load<T, kVectors<T>>(x, slice.in, p.in_stride, share, kLowest<T>);
    const W max = largest<T, kVectors<T>>(x, share);
    own = merged(own, Weight<W>{max, exponentials<T, kVectors<T>>(x, share, base_of(max), false)});
  }
  const W max = across<Largest>(own.max, kSoftmaxThreads, maxima);
  const W sum = across<Sum>(own.sum * exponential(own.max - base_of(max)), kSoftmaxThreads, sums);
  if (threadIdx.x == 0) static_cast<Weight<W>*>(p.partial)[blockIdx.x] = {max, sum};
}

template <typename T>
__device__ __forceinline__ void softmax_finish(const SoftmaxParams& p) {
  using W = Wide<T>;
  __shared__ W maxima[1][kMostWarps];
  __shared__ W sums[1][kMostWarps];
  const unsigned row = blockIdx.x / static_cast<unsigned>(p.slices);
  const SoftmaxSlice<T> slice(p, row, static_cast<int>(blockIdx.x % static_cast<unsigned>(p.slices)));
  const Weight<W>* partial = static_cast<const Weight<W>*>(p.partial) + static_cast<long long>(row) * p.slices;
  Weight<W> own = {kLowest<T>, 0};
#pragma unroll 1
  for (int i = threadIdx.x; i < p.slices; i += kSoftmaxThreads) own = merged(own, partial[i]);
  const W max = across<Largest>(own.max, kSoftmaxThreads, maxima);
  const W sum = across<Sum>(own.sum * exponential(own.max - base_of(max)), kSoftmaxThreads, sums);

  Share share =
      share_of(slice.in, p.in_stride, slice.out, slice.count, threadIdx.x, kSoftmaxThreads, kVectors<T>);
  for (; share.first < slice.count; share.first += kTile<T>) {
    Held<kVectors<T>> x;
    load<T, kVectors<T>>(x, slice.in, p.in_stride, share, kLowest<T>);
    finish<T, kVectors<T>>(p, x, share, slice.out, max, sum, false);
  }
}
