// Cumulative sums and products along an axis, kept in double or in wrapping 64-bit integers and rounded once an
// element. A line is the axis at one place of all others.
//
// "Rows": blocks go along lines, for an axis that lies innermost. "Lines": a thread goes along a line, for an axis that
// does not. Long lines are cut into chunks of a size that the shape decides; what comes before each chunk has been
// worked out by then.
#pragma once

#include <cub/block/block_scan.cuh>

#include "reduce/numbers.cuh"
#include "reduce/walk.cuh"

constexpr int kScanThreads = 256;
constexpr int kScanItems = 8;    // neighbours that a thread scans
constexpr int kScanTile = 2048;  // kScanThreads * kScanItems: what a block scans at once

struct ScanParams {
  const void* in;
  void* out;
  const void* before;  // Total<T>: what comes before each chunk but the first; null where there is one
  Indexer<3> lines;    // where each line begins in in, in out and in before
  long long length;    // of a line
  long long chunk;
  long long inStride;   // from one element of a line to the next
  long long outStride;
  int product;  // 1, or 0 for sums
  int truth;    // 1 where out holds truth values
  int lanes;    // lines: log2 of the threads side by side, on neighbouring lines
  int rows;     // rows: the lines that a block scans at once, if all fit a tile; else 1
};

template <bool kProduct, typename W>
__device__ __forceinline__ W accumulate(W a, W b) {
  return kProduct ? multiply(a, b) : add(a, b);
}

template <typename T, typename W>
__device__ __forceinline__ T narrow_result(W x, int truth) {
  if constexpr (sizeof(T) == 1) {
    if (truth != 0) return static_cast<T>(x != 0);
  }
  return narrow<T>(x);
}

// A total since the last beginning of a line.
template <typename W>
struct Segment {
  W value;
  int begins;  // whether a line begins in it
};

template <bool kProduct, typename W>
struct JoinSegments {
  __device__ __forceinline__ Segment<W> operator()(const Segment<W>& a, const Segment<W>& b) const {
    return {b.begins ? b.value : accumulate<kProduct>(a.value, b.value), a.begins | b.begins};
  }
};

template <typename T>
using BlockScan = cub::BlockScan<Segment<Total<T>>, kScanThreads, cub::BLOCK_SCAN_WARP_SCANS>;

template <typename T, bool kProduct>
__device__ __forceinline__ void scan_rows(const ScanParams& p, typename BlockScan<T>::TempStorage& storage,
                                          T (&tile)[kScanTile]) {
  using W = Total<T>;
  const unsigned thread = threadIdx.x;
  const unsigned first_line = blockIdx.x * p.rows;
  const unsigned lines = min(static_cast<unsigned>(p.rows), p.lines.count - first_line);
  const bool single = p.rows == 1;
  const i64 begin = single ? blockIdx.y * p.chunk : 0;
  const i64 end = single ? min(begin + p.chunk, p.length) : lines * p.length;
  i64 at[3];
  locate(p.lines, first_line, at);
  W carry = kProduct ? 1 : 0;
  if (single && blockIdx.y > 0) carry = static_cast<const W*>(p.before)[at[2] + blockIdx.y - 1];

  // Neighbouring threads move neighbouring elements; each scans kScanItems neighbours.
  const unsigned length = single ? kScanTile : static_cast<unsigned>(p.length);
  const unsigned lines_on = single ? 0 : kScanThreads / length;
  const unsigned elements_on = kScanThreads - lines_on * length;
  auto each_moved = [&](i64 base, int tensor, i64 stride, auto move) {
    const int count = static_cast<int>(min(end - base, static_cast<i64>(kScanTile)));
    unsigned line = single ? 0 : thread / length;
    unsigned index = thread - line * length;
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      const int q = thread + j * kScanThreads;
      if (q < count) {
        i64 place[3] = {at[0], at[1], at[2]};
        if (!single) locate(p.lines, first_line + line, place);
        move(q, place[tensor] + (base + index) * stride);
      }
      line += lines_on;
      index += elements_on;
      if (index >= length) {
        index -= length;
        ++line;
      }
    }
  };
  for (i64 base = begin; base < end; base += kScanTile) {
    each_moved(base, 0, p.inStride, [&](int q, i64 place) { tile[q] = static_cast<const T*>(p.in)[place]; });
    __syncthreads();
    const int count = static_cast<int>(min(end - base, static_cast<i64>(kScanTile)));
    Segment<W> segments[kScanItems];
    unsigned index = single ? 1 : thread * kScanItems % length;
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      const int q = thread * kScanItems + j;
      segments[j].value = q < count ? static_cast<W>(widen(tile[q])) : static_cast<W>(kProduct);
      segments[j].begins = !single && index == 0;
      if (++index == length) index = 0;
    }
    Segment<W> whole;
    BlockScan<T>(storage).InclusiveScan(segments, segments, JoinSegments<kProduct, W>(), whole);
#pragma unroll
    for (int j = 0; j < kScanItems; ++j) {
      tile[thread * kScanItems + j] = narrow_result<T>(accumulate<kProduct>(carry, segments[j].value), p.truth);
    }
    carry = accumulate<kProduct>(carry, whole.value);
    __syncthreads();
    each_moved(base, 1, p.outStride, [&](int q, i64 place) { static_cast<T*>(p.out)[place] = tile[q]; });
    __syncthreads();
  }
}

template <typename T, bool kProduct>
__device__ __forceinline__ void scan_lines(const ScanParams& p) {
  using W = Total<T>;
  constexpr int U = 8;  // loads in flight
  const unsigned beside = threadIdx.x & ((1u << p.lanes) - 1);
  const unsigned behind = threadIdx.x >> p.lanes;
  const i64 line = (static_cast<i64>(blockIdx.x) << p.lanes) + beside;
  const i64 chunk = static_cast<i64>(blockIdx.y) * (kScanThreads >> p.lanes) + behind;
  const i64 begin = chunk * p.chunk;
  if (line >= p.lines.count || begin >= p.length) return;
  const i64 end = min(begin + p.chunk, p.length);
  i64 at[3];
  locate(p.lines, static_cast<unsigned>(line), at);
  W total = kProduct ? 1 : 0;
  if (chunk > 0) total = static_cast<const W*>(p.before)[at[2] + chunk - 1];
  const T* in = static_cast<const T*>(p.in) + at[0];
  T* out = static_cast<T*>(p.out) + at[1];
  i64 i = begin;
  for (; i + U <= end; i += U) {
    T x[U];
#pragma unroll
    for (int u = 0; u < U; ++u) x[u] = in[(i + u) * p.inStride];
#pragma unroll
    for (int u = 0; u < U; ++u) {
      total = accumulate<kProduct>(total, static_cast<W>(widen(x[u])));
      out[(i + u) * p.outStride] = narrow_result<T>(total, p.truth);
    }
  }
  for (; i < end; ++i) {
    total = accumulate<kProduct>(total, static_cast<W>(widen(in[i * p.inStride])));
    out[i * p.outStride] = narrow_result<T>(total, p.truth);
  }
}

#define OKTO_SCAN_KERNELS(T)                                                                       \
  extern "C" __global__ void __launch_bounds__(kScanThreads)                                       \
      scan_##T##_rows(const __grid_constant__ ScanParams p) {                                      \
    __shared__ typename BlockScan<T>::TempStorage storage;                                         \
    __shared__ T tile[kScanTile];                                                                  \
    if (p.product != 0) {                                                                          \
      scan_rows<T, true>(p, storage, tile);                                                        \
    } else {                                                                                       \
      scan_rows<T, false>(p, storage, tile);                                                       \
    }                                                                                              \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kScanThreads)                                       \
      scan_##T##_lines(const __grid_constant__ ScanParams p) {                                     \
    if (p.product != 0) {                                                                          \
      scan_lines<T, true>(p);                                                                      \
    } else {                                                                                       \
      scan_lines<T, false>(p);                                                                     \
    }                                                                                              \
  }
