// Rows of a tensor that a group of threads keeps in registers: reading, writing and reducing them, at any stride and
// alignment.
#pragma once

#include "common/index.cuh"
#include "common/types.cuh"

// Elements that a thread keeps, and 16-byte vectors of them.
constexpr int kHeldFloats = 32;
constexpr int kHeldDoubles = 8;
template <typename T>
constexpr int kVector = 16 / sizeof(T);
template <typename T>
constexpr int kHeld = sizeof(T) == 8 ? kHeldDoubles : kHeldFloats;
template <typename T>
constexpr int kVectors = kHeld<T> / kVector<T>;

template <typename T>
using Held = Wide<T>[kVectors<T>][kVector<T>];

// Which elements of a row a thread holds: vector j begins at first + j * step. Where the row begins inside a 16-byte
// word, the first vector begins before it; its elements below 0 are absent, as are those from count on. Vectors from
// `vectors` on, a number that all threads have in common, are of no use to any.
struct Share {
  int first;
  int step;
  int count;
  int vectors;

  __device__ __forceinline__ int at(int j) const { return first + j * step; }
  __device__ __forceinline__ bool has(int i) const { return static_cast<unsigned>(i) < static_cast<unsigned>(count); }
};

// How many elements past a 16-byte boundary an address lies.
template <typename T>
__device__ __forceinline__ int phase(const T* at) {
  return static_cast<int>(reinterpret_cast<unsigned long long>(at) % 16 / sizeof(T));
}

// The share of a thread in a row: vectors follow the input where it has no gaps, else the output.
template <typename T>
__device__ __forceinline__ Share share_of(const T* in, long long in_stride, const T* out, int count, int rank,
                                          int group, int vectors) {
  Share share;
  share.first = rank * kVector<T> - (in_stride == 1 ? phase(in) : phase(out));
  share.step = group * kVector<T>;
  share.count = count;
  share.vectors = vectors;
  return share;
}

// Reads a share; absent elements get a value of their own. All loads come before the first use of any.
template <typename T>
__device__ __forceinline__ void load(Held<T>& x, const T* row, long long stride, Share share, Wide<T> absent) {
  constexpr int V = kVector<T>;
  Vector<T, V> raw[kVectors<T>];
  const T nothing = narrow<T>(absent);
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
    const int at = share.at(j);
    // Without gaps vectors are aligned: their phase is the row's own.
    if (stride == 1 && at >= 0 && at + V <= share.count) {
      raw[j] = *reinterpret_cast<const Vector<T, V>*>(row + at);
    } else {
#pragma unroll
      for (int e = 0; e < V; ++e) raw[j].element[e] = share.has(at + e) ? row[(at + e) * stride] : nothing;
    }
  }
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
#pragma unroll
    for (int e = 0; e < V; ++e) x[j][e] = widen(raw[j].element[e]);
  }
}

// Writes a share.
template <typename T>
__device__ __forceinline__ void store(const Held<T>& x, T* row, long long stride, Share share) {
  constexpr int V = kVector<T>;
  const bool aligned = stride == 1 && (phase(row) + share.first) % V == 0;
#pragma unroll
  for (int j = 0; j < kVectors<T>; ++j) {
    if (j >= share.vectors) break;
    const int at = share.at(j);
    if (aligned && at >= 0 && at + V <= share.count) {
      Vector<T, V> packed;
#pragma unroll
      for (int e = 0; e < V; ++e) packed.element[e] = narrow<T>(x[j][e]);
      *reinterpret_cast<Vector<T, V>*>(row + at) = packed;
    } else {
#pragma unroll
      for (int e = 0; e < V; ++e) {
        if (share.has(at + e)) row[(at + e) * stride] = narrow<T>(x[j][e]);
      }
    }
  }
}

struct Sum {
  template <typename W>
  static __device__ __forceinline__ W of(W a, W b) {
    return a + b;
  }
};

// Passes over NaN, as fmax does.
struct Largest {
  static __device__ __forceinline__ float of(float a, float b) { return fmaxf(a, b); }
  static __device__ __forceinline__ double of(double a, double b) { return fmax(a, b); }
};

constexpr int kMostWarps = 16;

// Combines one value of every thread of a group of neighbours (a power of two, up to the block) in an order that
// depends on the group alone; all of them get the result. Every thread of the block comes here. The scratch must not
// have been used since a barrier.
template <typename Op, typename W>
__device__ __forceinline__ W across(W value, int group, W (&scratch)[kMostWarps]) {
#pragma unroll 1
  for (int offset = (group < 32 ? group : 32) / 2; offset > 0; offset /= 2) {
    value = Op::of(value, __shfl_xor_sync(0xffffffffu, value, offset));
  }
  if (group > 32) {
    const int warp = threadIdx.x / 32;
    if (threadIdx.x % 32 == 0) scratch[warp] = value;
    __syncthreads();
    const int warps = group / 32;
    const int first = warp & -warps;
    value = scratch[first];
#pragma unroll 1
    for (int i = 1; i < warps; ++i) value = Op::of(value, scratch[first + i]);
  }
  return value;
}

// Sums in several chains, which are shorter and need not wait for each other.
template <typename T>
__device__ __forceinline__ Wide<T> total(const Wide<T> (&parts)[kVector<T>]) {
  Wide<T> level[kVector<T>];
#pragma unroll
  for (int e = 0; e < kVector<T>; ++e) level[e] = parts[e];
#pragma unroll
  for (int width = kVector<T> / 2; width > 0; width /= 2) {
#pragma unroll
    for (int e = 0; e < width; ++e) level[e] += level[e + width];
  }
  return level[0];
}
