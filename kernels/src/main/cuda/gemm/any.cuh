// Products of matrices of any element type and any strides, in the arithmetic of the type: the way for doubles, for
// integers, and for what is too small to be brought into a better layout first.
//
// 128 threads compute 64x64 results, a thread 8 neighbouring rows of 4 columns that lie 8 apart. Tiles of 16 depths
// alternate between two places in shared memory, widened to the arithmetic's type; the next comes through registers.
#pragma once

#include "gemm/problem.cuh"

constexpr int kStepDepth = 16;
constexpr int kSmallRows = 64;
constexpr int kSmallColumns = 64;
constexpr int kSmallThreads = 128;
constexpr int kPitch = kSmallRows + 2;  // keeps pairs of doubles aligned

// Brings a tile of 64 rows. Neighbouring threads read neighbours along the axis that is denser.
template <typename T>
struct AnyTile {
  static constexpr int kLoads = kSmallRows * kStepDepth / kSmallThreads;

  const T* from;
  long long apart;
  long long depth_apart;
  bool by_depth;
  int row;
  int depth;
  int rows_left;
  Wide<T> held[kLoads];

  __device__ __forceinline__ AnyTile(const T* base, long long row_stride, long long depth_stride, int rows_left)
      : by_depth(row_stride != 1), rows_left(rows_left) {
    const int t = threadIdx.x;
    row = by_depth ? t / kStepDepth : t % kSmallRows;
    depth = by_depth ? t % kStepDepth : t / kSmallRows;
    from = base + row * row_stride + depth * depth_stride;
    apart = by_depth ? kSmallThreads / kStepDepth * row_stride : kSmallThreads / kSmallRows * depth_stride;
    depth_apart = kStepDepth * depth_stride;
  }

  __device__ __forceinline__ int row_of(int i) const { return row + (by_depth ? i * (kSmallThreads / kStepDepth) : 0); }
  __device__ __forceinline__ int depth_of(int i) const {
    return depth + (by_depth ? 0 : i * (kSmallThreads / kSmallRows));
  }

  __device__ __forceinline__ void load(int depth_left) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      const bool exists = row_of(i) < rows_left && depth_of(i) < depth_left;
      held[i] = exists ? widen(from[i * apart]) : Wide<T>(0);
    }
    from += depth_apart;
  }

  __device__ __forceinline__ void store(Wide<T>* tile) const {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) tile[depth_of(i) * kPitch + row_of(i)] = held[i];
  }
};

template <typename T>
__device__ __forceinline__ void any_product(const Problem& p) {
  using W = Wide<T>;
  constexpr int kTile = kStepDepth * kPitch;
  __shared__ __align__(16) unsigned char memory[4 * kTile * sizeof(W)];
  W* const tiles_a = reinterpret_cast<W*>(memory);
  W* const tiles_b = tiles_a + 2 * kTile;

  const Place place = find_place(p, kSmallRows, kSmallColumns);
  const int first_row = threadIdx.x / 32 / 2 * 32 + threadIdx.x % 32 / 8 * 8;
  const int first_column = threadIdx.x / 32 % 2 * 32 + threadIdx.x % 8;

  W sums[8][4];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = W(0);
  }

  const int tiles = (place.depth_left + kStepDepth - 1) / kStepDepth;
  if (tiles > 0) {
    AnyTile<T> a(static_cast<const T*>(p.a) + place.a + place.row * p.a_row + place.depth * p.a_depth, p.a_row,
                 p.a_depth, place.rows_left);
    AnyTile<T> b(static_cast<const T*>(p.b) + place.b + place.column * p.b_column + place.depth * p.b_depth, p.b_column,
                 p.b_depth, place.columns_left);
    int depth_left = place.depth_left;
    a.load(depth_left);
    b.load(depth_left);
    a.store(tiles_a);
    b.store(tiles_b);
    __syncthreads();

#pragma unroll 1
    for (int t = 0; t < tiles; ++t) {
      depth_left -= kStepDepth;
      if (depth_left > 0) {
        a.load(depth_left);
        b.load(depth_left);
      }
      const W* from_a = tiles_a + t % 2 * kTile + first_row;
      const W* from_b = tiles_b + t % 2 * kTile + first_column;
#pragma unroll 4
      for (int k = 0; k < kStepDepth; ++k) {
        W left[8];
        W right[4];
#pragma unroll
        for (int i = 0; i < 8; i += 2) {
          const Vector<W, 2> two = *reinterpret_cast<const Vector<W, 2>*>(from_a + k * kPitch + i);
          left[i] = two.element[0];
          left[i + 1] = two.element[1];
        }
#pragma unroll
        for (int j = 0; j < 4; ++j) right[j] = from_b[k * kPitch + j * 8];
#pragma unroll
        for (int i = 0; i < 8; ++i) {
#pragma unroll
          for (int j = 0; j < 4; ++j) sums[i][j] += left[i] * right[j];
        }
      }
      if (depth_left > 0) {
        a.store(tiles_a + (t + 1) % 2 * kTile);
        b.store(tiles_b + (t + 1) % 2 * kTile);
        __syncthreads();
      }
    }
  }

#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (first_row + i >= place.rows_left || first_column + j * 8 >= place.columns_left) continue;
      const long long at = place.out + (place.row + first_row + i) * p.finish.out_row +
                           (place.column + first_column + j * 8) * p.finish.out_column;
      // Parts of sums keep the arithmetic's type.
      if (p.splits > 1) {
        static_cast<W*>(p.finish.out)[at] = sums[i][j];
      } else {
        static_cast<T*>(p.finish.out)[at] = narrow<T>(sums[i][j]);
      }
    }
  }
}

#define ANY_KERNEL(T, NAME)                                      \
  extern "C" __global__ void __launch_bounds__(kSmallThreads, 2) \
      any_##NAME(const __grid_constant__ Problem p) {            \
    any_product<T>(p);                                           \
  }
