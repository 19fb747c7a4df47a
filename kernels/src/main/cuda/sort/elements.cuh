// What is sorted: keys, unsigned integers in the order of the elements, each with its index. No two are equal, and so
// every order of comparisons gives the same, stable result.
#pragma once

#include "reduce/numbers.cuh"

constexpr int kSortTile = 2048;  // elements that a block sorts
constexpr int kTileBits = 11;    // of a place in a tile

using u64 = unsigned long long;

// A key of 32 bits over an index, or within a tile of several lines: line, key, place in the line.
struct Narrow64 {
  using Element = u64;
  using KeyBits = unsigned;

  static __device__ __forceinline__ u64 last() { return ~0ull; }
  static __device__ __forceinline__ u64 local(unsigned row, unsigned key, unsigned place) {
    return static_cast<u64>(row) << (32 + kTileBits) | static_cast<u64>(key) << kTileBits | place;
  }
  static __device__ __forceinline__ unsigned place(u64 local) { return local & (kSortTile - 1); }
  // A local element of a tile that has one line, from there on.
  static __device__ __forceinline__ u64 global(u64 local, unsigned begin) {
    return local >> kTileBits << 32 | (begin + place(local));
  }
  static __device__ __forceinline__ unsigned index(u64 global) { return static_cast<unsigned>(global); }
  static __device__ __forceinline__ bool less(u64 a, u64 b) { return a < b; }
};

struct alignas(16) WideElement {
  u64 key;
  unsigned row;
  unsigned index;
};

struct Wide128 {
  using Element = WideElement;
  using KeyBits = u64;

  static __device__ __forceinline__ WideElement last() { return {~0ull, ~0u, ~0u}; }
  static __device__ __forceinline__ WideElement local(unsigned row, u64 key, unsigned place) {
    return {key, row, place};
  }
  static __device__ __forceinline__ unsigned place(const WideElement& local) { return local.index; }
  static __device__ __forceinline__ WideElement global(const WideElement& local, unsigned begin) {
    return {local.key, 0, begin + local.index};
  }
  static __device__ __forceinline__ unsigned index(const WideElement& global) { return global.index; }
  static __device__ __forceinline__ bool less(const WideElement& a, const WideElement& b) {
    if (a.row != b.row) return a.row < b.row;
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  }
};

template <typename Form>
struct Less {
  __device__ __forceinline__ bool operator()(const typename Form::Element& a, const typename Form::Element& b) const {
    return Form::less(a, b);
  }
};

// Unsigned integers in the order of the elements: zeros equal, NaN the largest; reversed for descending.
template <typename T>
__device__ __forceinline__ auto sort_key(T x, bool descending) {
  const auto number = widen(x);
  const Key<T> key = key_of(number + decltype(number)(0), Key<T>(0));
  if constexpr (sizeof(T) == 8) {
    const u64 up = static_cast<u64>(key) ^ 0x8000000000000000ull;
    return descending ? ~up : up;
  } else {
    const unsigned up = static_cast<unsigned>(key) ^ 0x80000000u;
    return descending ? ~up : up;
  }
}
