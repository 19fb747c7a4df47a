// out[i0, ..., index[i0, ..., ia, ...], ...] = (or +=) source[i0, ..., ia, ...], in row-major order where an index
// occurs more than once. That can only be along the axis, so the order along the axis decides. A line is the axis at
// one place of all other axes along which the index varies; it has one or more columns, the places of the axes along
// which the index repeats.
//
// "Serial": a thread walks along a line's column. "Sorted": the lines' indices have been sorted with their positions,
// and a thread takes all of one index.
#pragma once

#include "index/places.cuh"
#include "reduce/numbers.cuh"

constexpr int kScatterThreads = 256;

struct ScatterParams {
  const char* source;
  char* out;
  const i64* index;    // serial
  const void* places;  // sorted: each line's places in order, wide or not
  const i64* order;    // sorted: the position along the axis of each
  u64* error;          // serial: the first position with an index outside
  Indexer<4> lines;    // where each begins in source, in out, in index, and its position among all elements of index
  Indexer<2> columns;  // of a line in source and out, in steps of units
  long long size;      // of the axis of out
  long long sourceStride;  // along the axis
  long long outStride;
  long long indexStride;
  long long positionStride;
  long long length;  // of a line
  long long first;   // position to which those of lines are added
  int bytes;         // of an element
  int lanes;         // log2 of the threads side by side, on neighbouring columns
  int wide;          // sorted: 1 where places are of 64 bits
};

// Moves bits.
template <typename Unit>
struct Overwrite {
  static __device__ __forceinline__ void serial(const char* from, char* to) {
    *reinterpret_cast<Unit*>(to) = *reinterpret_cast<const Unit*>(from);
  }
};

// Adds, rounding each sum to the elements' type as if they were added one after the other.
template <typename T>
struct Accumulate {
  static __device__ __forceinline__ void serial(const char* from, char* to) {
    T* sum = reinterpret_cast<T*>(to);
    *sum = added(*sum, *reinterpret_cast<const T*>(from));
  }
  static __device__ __forceinline__ T added(T sum, T x) { return narrow<T>(add(widen(sum), widen(x))); }
};

template <typename Action>
__device__ __forceinline__ void scatter_serial(const ScatterParams& p) {
  constexpr int U = 4;  // indices in flight
  const unsigned beside = threadIdx.x & ((1u << p.lanes) - 1);
  const unsigned behind = threadIdx.x >> p.lanes;
  const i64 column = (static_cast<i64>(blockIdx.x) << p.lanes) + beside;
  if (column >= p.columns.count) return;
  i64 column_at[2];
  locate(p.columns, static_cast<unsigned>(column), column_at);
  const i64 lines_on = static_cast<i64>(gridDim.y) * (kScatterThreads >> p.lanes);
  for (i64 line = static_cast<i64>(blockIdx.y) * (kScatterThreads >> p.lanes) + behind; line < p.lines.count;
       line += lines_on) {
    i64 at[4];
    locate(p.lines, static_cast<unsigned>(line), at);
    const char* source = p.source + (at[0] + column_at[0]) * p.bytes;
    char* out = p.out + (at[1] + column_at[1]) * p.bytes;
    for (i64 base = 0; base < p.length; base += U) {
      i64 index[U];
#pragma unroll
      for (int u = 0; u < U; ++u) {
        if (base + u < p.length) index[u] = p.index[at[2] + (base + u) * p.indexStride];
      }
#pragma unroll
      for (int u = 0; u < U; ++u) {
        const i64 i = base + u;
        if (i >= p.length) break;
        const i64 place = place_of(index[u], p.size, p.error, p.first + at[3] + i * p.positionStride);
        if (place < 0) continue;
        Action::serial(source + i * p.sourceStride * p.bytes, out + place * p.outStride * p.bytes);
      }
    }
  }
}

struct SortedPlaces {
  const void* places;
  int wide;

  __device__ __forceinline__ i64 operator[](i64 i) const {
    return wide != 0 ? static_cast<const i64*>(places)[i] : static_cast<const int*>(places)[i];
  }
};

// The last source of each place.
template <typename Unit>
__device__ __forceinline__ void apply_run(const Overwrite<Unit>*, const ScatterParams& p, const SortedPlaces& places,
                                          i64 first, i64 t, i64 place, const char* source, char* out) {
  if (t + 1 < p.length && places[first + t + 1] == place) return;
  const char* last = source + p.order[first + t] * p.sourceStride * p.bytes;
  *reinterpret_cast<Unit*>(out) = *reinterpret_cast<const Unit*>(last);
}

// All sources of a place, in order.
template <typename T>
__device__ __forceinline__ void apply_run(const Accumulate<T>*, const ScatterParams& p, const SortedPlaces& places,
                                          i64 first, i64 t, i64 place, const char* source, char* out) {
  constexpr int U = 8;  // loads in flight
  if (t > 0 && places[first + t - 1] == place) return;
  T sum = *reinterpret_cast<const T*>(out);
  for (i64 base = t; base < p.length && places[first + base] == place; base += U) {
    T x[U];
    bool same[U];
#pragma unroll
    for (int u = 0; u < U; ++u) {
      const i64 s = base + u;
      same[u] = s < p.length && places[first + s] == place;
      if (same[u]) x[u] = *reinterpret_cast<const T*>(source + p.order[first + s] * p.sourceStride * p.bytes);
    }
#pragma unroll
    for (int u = 0; u < U; ++u) {
      if (same[u]) sum = Accumulate<T>::added(sum, x[u]);
    }
  }
  *reinterpret_cast<T*>(out) = sum;
}

template <typename Action>
__device__ __forceinline__ void scatter_sorted(const ScatterParams& p) {
  const unsigned beside = threadIdx.x & ((1u << p.lanes) - 1);
  const unsigned behind = threadIdx.x >> p.lanes;
  const i64 column = (static_cast<i64>(blockIdx.x) << p.lanes) + beside;
  if (column >= p.columns.count) return;
  i64 column_at[2];
  locate(p.columns, static_cast<unsigned>(column), column_at);
  const SortedPlaces places{p.places, p.wide};
  const i64 on = static_cast<i64>(gridDim.y) * (kScatterThreads >> p.lanes);
  for (unsigned line = blockIdx.z; line < p.lines.count; line += gridDim.z) {
    i64 at[4];
    locate(p.lines, line, at);
    const char* source = p.source + (at[0] + column_at[0]) * p.bytes;
    char* out = p.out + (at[1] + column_at[1]) * p.bytes;
    const i64 first = line * p.length;
    for (i64 t = static_cast<i64>(blockIdx.y) * (kScatterThreads >> p.lanes) + behind; t < p.length; t += on) {
      const i64 place = places[first + t];
      // What stands for an index outside is past the end.
      if (place >= p.size) continue;
      apply_run(static_cast<const Action*>(nullptr), p, places, first, t, place, source,
                out + place * p.outStride * p.bytes);
    }
  }
}

#define OKTO_SCATTER_KERNELS(NAME, ACTION)                                  \
  extern "C" __global__ void __launch_bounds__(kScatterThreads, 2)          \
      scatter_##NAME##_serial(const __grid_constant__ ScatterParams p) {    \
    scatter_serial<ACTION>(p);                                              \
  }                                                                         \
  extern "C" __global__ void __launch_bounds__(kScatterThreads, 2)          \
      scatter_##NAME##_sorted(const __grid_constant__ ScatterParams p) {    \
    scatter_sorted<ACTION>(p);                                              \
  }
