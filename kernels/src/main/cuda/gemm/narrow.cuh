// Products with few rows, which are bound by reading b once: matrices and strides of any kind.
//
// A thread sums ROWS x 4 results over a part of the depth, and the block adds these up, always in the same order. Where
// b is dense along its columns a warp's lanes are 32 columns, four times over, and the eight warps are eight depths.
// Elsewhere the lanes are 32 depths, and each warp has four neighbouring columns; if there are no more than four, the
// warps share them.
#pragma once

#include "gemm/problem.cuh"

constexpr int kNarrowThreads = 256;
constexpr int kColumnsByColumn = 128;  // of a block
constexpr int kColumnsByDepth = 32;
constexpr int kColumnsShared = 4;

template <typename W>
__device__ __forceinline__ W add_over_lanes(W value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

template <typename T>
__device__ __forceinline__ void store_sum(const Problem& p, const Place& place, int row, int column, Wide<T> sum) {
  if (row >= place.rows_left || column >= place.columns_left) return;
  const long long at =
      place.out + (place.row + row) * p.finish.out_row + (place.column + column) * p.finish.out_column;
  if (p.splits > 1) {
    static_cast<Wide<T>*>(p.finish.out)[at] = sum;
  } else {
    static_cast<T*>(p.finish.out)[at] = narrow<T>(sum);
  }
}

template <typename T, int ROWS>
__device__ __forceinline__ void narrow_product(const Problem& p) {
  using W = Wide<T>;
  constexpr int kResults = ROWS * 4;
  constexpr int kWarps = kNarrowThreads / 32;
  constexpr int kTogether = kResults < kWarps ? kResults : kWarps;
  __shared__ __align__(16) unsigned char memory[kTogether * kNarrowThreads * sizeof(W)];

  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const bool by_depth = p.b_column != 1;
  const bool share = by_depth && p.columns <= kColumnsShared;
  const Place place = find_place(p, ROWS, share ? kColumnsShared : by_depth ? kColumnsByDepth : kColumnsByColumn);
  const int first = share ? 0 : by_depth ? warp * 4 : lane;
  const int apart = by_depth ? 1 : 32;
  const int start = share ? static_cast<int>(threadIdx.x) : by_depth ? lane : warp;
  const int step = share ? kNarrowThreads : by_depth ? 32 : kWarps;

  // What does not exist is read at the last place that does, and not stored.
  const T* b[4];
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const int column = min(first + j * apart, place.columns_left - 1);
    b[j] = static_cast<const T*>(p.b) + place.b + (place.column + column) * p.b_column +
           (place.depth + start) * p.b_depth;
  }
  const T* a = static_cast<const T*>(p.a) + place.a + place.row * p.a_row + (place.depth + start) * p.a_depth;
  long long a_rows[ROWS];
#pragma unroll
  for (int i = 0; i < ROWS; ++i) a_rows[i] = min(i, place.rows_left - 1) * p.a_row;
  const long long a_step = step * p.a_depth;
  const long long b_step = step * p.b_depth;

  W sums[ROWS][4];
#pragma unroll
  for (int i = 0; i < ROWS; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = W(0);
  }
#pragma unroll(ROWS == 1 ? 4 : 2)
  for (int k = start; k < place.depth_left; k += step) {
    W right[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      right[j] = widen(*b[j]);
      b[j] += b_step;
    }
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
      const W left = widen(a[a_rows[i]]);
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[i][j] += left * right[j];
    }
    a += a_step;
  }

  W* const shared = reinterpret_cast<W*>(memory);
  if (by_depth) {
#pragma unroll
    for (int r = 0; r < kResults; ++r) {
      const W sum = add_over_lanes(sums[r / 4][r % 4]);
      if (lane != 0) continue;
      if (share) {
        shared[warp * kResults + r] = sum;
      } else {
        store_sum<T>(p, place, r / 4, first + r % 4, sum);
      }
    }
    if (!share) return;
    __syncthreads();
    if (threadIdx.x < kResults) {
      W sum = shared[threadIdx.x];
#pragma unroll
      for (int w = 1; w < kWarps; ++w) sum += shared[w * kResults + threadIdx.x];
      store_sum<T>(p, place, threadIdx.x / 4, threadIdx.x % 4, sum);
    }
    return;
  }
  // A result a warp, a lane for each of its 32 columns.
#pragma unroll
  for (int from = 0; from < kResults; from += kTogether) {
#pragma unroll
    for (int r = 0; r < kTogether; ++r) {
      shared[(r * kWarps + warp) * 32 + lane] = sums[(from + r) / 4][(from + r) % 4];
    }
    __syncthreads();
    if (warp < kTogether) {
      W sum = shared[warp * kWarps * 32 + lane];
#pragma unroll
      for (int w = 1; w < kWarps; ++w) sum += shared[(warp * kWarps + w) * 32 + lane];
      store_sum<T>(p, place, (from + warp) / 4, (from + warp) % 4 * 32 + lane, sum);
    }
    __syncthreads();
  }
}

#define NARROW_KERNELS(T, NAME)                                \
  extern "C" __global__ void __launch_bounds__(kNarrowThreads) \
      narrow1_##NAME(const __grid_constant__ Problem p) {      \
    narrow_product<T, 1>(p);                                   \
  }                                                            \
  extern "C" __global__ void __launch_bounds__(kNarrowThreads) \
      narrow8_##NAME(const __grid_constant__ Problem p) {      \
    narrow_product<T, 8>(p);                                   \
  }
