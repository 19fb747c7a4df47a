// Indices along an axis: checking them, and moving elements by their size alone.
#pragma once

#include "common/types.cuh"
#include "reduce/walk.cuh"

using u64 = unsigned long long;

// 16 bytes that are moved at once.
struct alignas(16) Sixteen {
  u64 half[2];
};

// An index as a place along an axis of `size`, or -1 where it is outside; the first position of such an index, in
// row-major order, is left in `error`, which the host has set to the largest number.
__device__ __forceinline__ i64 place_of(i64 index, i64 size, u64* error, u64 position) {
  if (index >= -size && index < size) return index < 0 ? index + size : index;
  atomicMin(error, position);
  return -1;
}
