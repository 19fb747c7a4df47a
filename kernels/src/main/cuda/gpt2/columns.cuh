// What a step keeps of its columns in shared memory.
#pragma once

#include "gpt2/attend.cuh"
#include "gpt2/norm.cuh"

constexpr int kRowPadding = 32;  // bytes, so that rows of shared memory begin in different banks
constexpr int kRowUnit = 128;

__host__ __device__ constexpr int row_bytes(int tiles) {
  return (tiles * kTileBytes + kRowUnit - 1) / kRowUnit * kRowUnit + kRowPadding;
}

// Copies the columns' activations of a slice to shared memory, a column by a warp; `from` has the slice of the first.
// While the first are on their way, meanwhile() is called.
template <int N, typename Meanwhile>
__device__ __forceinline__ void copy_columns(char* to, int to_pitch, const char* from, int from_pitch, int vectors,
                                             int columns, Meanwhile meanwhile) {
  constexpr int V = N == 4 ? 2 : 4;
  const int warp = threadIdx.x / 32;
  int at = threadIdx.x % 32;
  const int rounds = (vectors + V * 32 - 1) / (V * 32);
#pragma unroll 1
  for (int round = 0; round < rounds; ++round, at += V * 32) {
    uint4 v[N][V];
#pragma unroll
    for (int r = 0; r < N; ++r) {
      const int column = warp + r * kBlockWarps;
      const uint4* row = reinterpret_cast<const uint4*>(from + static_cast<long long>(column) * from_pitch) + at;
#pragma unroll
      for (int i = 0; i < V; ++i) {
        if (column < columns && at + i * 32 < vectors) v[r][i] = __ldcg(row + i * 32);
      }
    }
    if (round == 0) meanwhile();
#pragma unroll
    for (int r = 0; r < N; ++r) {
      const int column = warp + r * kBlockWarps;
      uint4* row = reinterpret_cast<uint4*>(to + column * to_pitch) + at;
#pragma unroll
      for (int i = 0; i < V; ++i) {
        if (column < columns && at + i * 32 < vectors) row[i * 32] = v[r][i];
      }
    }
  }
}

template <int N>
struct StepColumns {
  int tokens[8 * N];
  int positions[8 * N];
  char* keys[8 * N];  // where a column's own keys belong in the first layer
  int last;           // the largest position
};

// The dynamic shared memory of a block, before the layers' table and the activations.
template <int N, int SLOTS>
struct StepShared {
  char ring[kBlockWarps * SLOTS * kSlotTiles * kRingTileBytes];
  float sums[2][kBlockWarps * N * 128];  // of warps; also outputs of attention
  NormScratch norm;
  float attention[3 * kBlockWarps];  // see attend_item
  Plan plan;
  StepColumns<N> columns;
};
