// Products in float32 arithmetic, with b stored as float32 or, dense along the depth, as 16-bit floats that are widened
// on their way.
//
// A thread computes 8 rows by 8 or 4 columns, in groups of four that lie apart, so that a warp reads neighbouring
// operands. Tiles of 16 depths alternate between two places in shared memory; the next comes through registers, because
// operands that are dense along the depth have to be turned.
#pragma once

#include "gemm/finish.cuh"

constexpr int kStepDepth = 16;

// Four neighbours, or as many as exist, and zeros.
__device__ __forceinline__ void load_four(float (&to)[4], const float* from, int exist) {
  if (exist >= 4) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
    return;
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) to[j] = j < exist ? from[j] : 0.f;
}

// Brings an operand of float32 elements, dense along the depth or along its rows and aligned to 16 bytes.
template <int ROWS, int THREADS>
struct FloatTile {
  static constexpr int kPitch = ROWS + 4;
  static constexpr int kLoads = ROWS * kStepDepth / 4 / THREADS;

  const float* from;
  long long apart;        // between loads
  long long depth_apart;  // between tiles
  bool by_depth;
  int row;
  int depth;
  int rows_left;
  float held[kLoads][4];

  __device__ __forceinline__ FloatTile(const void* base, long long row_stride, long long depth_stride, int rows_left)
      : by_depth(depth_stride == 1), rows_left(rows_left) {
    const int t = threadIdx.x;
    row = by_depth ? t / 4 : t % (ROWS / 4) * 4;
    depth = by_depth ? t % 4 * 4 : t / (ROWS / 4);
    from = static_cast<const float*>(base) + row * row_stride + depth * depth_stride;
    apart = by_depth ? THREADS / 4 * row_stride : THREADS / (ROWS / 4) * depth_stride;
    depth_apart = kStepDepth * depth_stride;
  }

  __device__ __forceinline__ void load(int depth_left) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      const int exist = by_depth ? (row + i * (THREADS / 4) < rows_left ? depth_left - depth : 0)
                                 : (depth + i * (THREADS / (ROWS / 4)) < depth_left ? rows_left - row : 0);
      load_four(held[i], from + i * apart, exist);
    }
    from += depth_apart;
  }

  __device__ __forceinline__ void store(float* tile) const {
    if (by_depth) {
#pragma unroll
      for (int i = 0; i < kLoads; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) tile[(depth + j) * kPitch + row + i * (THREADS / 4)] = held[i][j];
      }
    } else {
#pragma unroll
      for (int i = 0; i < kLoads; ++i) {
        *reinterpret_cast<float4*>(tile + (depth + i * (THREADS / (ROWS / 4))) * kPitch + row) =
            make_float4(held[i][0], held[i][1], held[i][2], held[i][3]);
      }
    }
  }
};

// Brings an operand of 16-bit floats, dense along the depth, whose rows are aligned to 16 bytes and hold whole
// multiples of them, zeros after the last element.
template <typename T, int ROWS, int THREADS>
struct HalfTile {
  static constexpr int kPitch = ROWS + 4;
  static_assert(ROWS * kStepDepth / 8 == THREADS, "");

  const T* from;
  int row;
  int depth;
  bool exists;
  uint4 held;  // eight elements

  __device__ __forceinline__ HalfTile(const void* base, long long row_stride, long long, int rows_left)
      : row(threadIdx.x / 2), depth(threadIdx.x % 2 * 8), exists(row < rows_left) {
    from = static_cast<const T*>(base) + row * row_stride + depth;
  }

  __device__ __forceinline__ void load(int depth_left) {
    held = exists && depth < depth_left ? *reinterpret_cast<const uint4*>(from) : make_uint4(0, 0, 0, 0);
    from += kStepDepth;
  }

  __device__ __forceinline__ void store(float* tile) const {
    const unsigned pairs[4] = {held.x, held.y, held.z, held.w};
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const Vector<T, 2> two = *reinterpret_cast<const Vector<T, 2>*>(&pairs[j]);
      tile[(depth + 2 * j) * kPitch + row] = widen(two.element[0]);
      tile[(depth + 2 * j + 1) * kPitch + row] = widen(two.element[1]);
    }
  }
};

// A thread's operands at one depth: 8 rows of a, 4 columns of b a group.
template <int PITCH_A, int PITCH_B, int COLUMNS>
__device__ __forceinline__ void load_operands(float (&a)[8], float (&b)[COLUMNS], const float* from_a,
                                              const float* from_b, int depth) {
#pragma unroll
  for (int i = 0; i < 8; i += 4) load_four(*reinterpret_cast<float(*)[4]>(a + i), from_a + depth * PITCH_A + i * 4, 4);
#pragma unroll
  for (int j = 0; j < COLUMNS; j += 4) {
    load_four(*reinterpret_cast<float(*)[4]>(b + j), from_b + depth * PITCH_B + j * 8, 4);
  }
}

template <typename T, int ROWS, int COLUMNS, int WARP_ROWS, int WARP_COLUMNS, int GROUPS, typename TileB>
__device__ __forceinline__ void simt_product(const Problem& p) {
  constexpr int kThreads = 32 * WARP_ROWS * WARP_COLUMNS;
  constexpr int kWarpRows = 32;
  constexpr int kWarpColumns = 32 * GROUPS;
  static_assert(ROWS == WARP_ROWS * kWarpRows && COLUMNS == WARP_COLUMNS * kWarpColumns, "");
  using TileA = FloatTile<ROWS, kThreads>;
  constexpr int kFloatsA = kStepDepth * TileA::kPitch;
  constexpr int kFloatsB = kStepDepth * TileB::kPitch;
  constexpr int kStagedPitch = kWarpColumns + kStagedPadding;
  constexpr int kTileFloats = 2 * (kFloatsA + kFloatsB);
  constexpr int kStagedFloats = WARP_ROWS * WARP_COLUMNS * kStagedRows * kStagedPitch;
  __shared__ __align__(16) float memory[kTileFloats > kStagedFloats ? kTileFloats : kStagedFloats];

  const Place place = find_place(p, ROWS, COLUMNS);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int warp_row = warp / WARP_COLUMNS * kWarpRows;
  const int warp_column = warp % WARP_COLUMNS * kWarpColumns;
  // A warp is 4 threads high and 8 wide. Lanes that differ in the lowest bit share a's operands, those that differ in
  // the next one b's: broadcasts within the groups of lanes that a 16-byte access serves at once.
  const int down = lane / 2 % 2 + lane / 16 * 2;
  const int across = lane % 2 + lane / 4 % 4 * 2;

  float sums[8][4 * GROUPS];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int j = 0; j < 4 * GROUPS; ++j) sums[i][j] = 0.f;
  }

  const int tiles = (place.depth_left + kStepDepth - 1) / kStepDepth;
  if (tiles > 0) {
    TileA tile_a(static_cast<const float*>(p.a) + place.a + place.row * p.a_row + place.depth * p.a_depth, p.a_row,
                 p.a_depth, place.rows_left);
    TileB tile_b(static_cast<const T*>(p.b) + place.b + place.column * p.b_column + place.depth * p.b_depth, p.b_column,
                 p.b_depth, place.columns_left);
    int depth_left = place.depth_left;
    tile_a.load(depth_left);
    tile_b.load(depth_left);
    tile_a.store(memory);
    tile_b.store(memory + 2 * kFloatsA);
    __syncthreads();

#pragma unroll 1
    for (int t = 0; t < tiles; ++t) {
      depth_left -= kStepDepth;
      if (depth_left > 0) {
        tile_a.load(depth_left);
        tile_b.load(depth_left);
      }
      const float* from_a = memory + t % 2 * kFloatsA + warp_row + down * 4;
      const float* from_b = memory + 2 * kFloatsA + t % 2 * kFloatsB + warp_column + across * 4;
      float a[2][8];
      float b[2][4 * GROUPS];
      load_operands<TileA::kPitch, TileB::kPitch>(a[0], b[0], from_a, from_b, 0);
#pragma unroll
      for (int k = 0; k < kStepDepth; ++k) {
        if (k + 1 < kStepDepth) {
          load_operands<TileA::kPitch, TileB::kPitch>(a[(k + 1) % 2], b[(k + 1) % 2], from_a, from_b, k + 1);
        }
#pragma unroll
        for (int i = 0; i < 8; ++i) {
#pragma unroll
          for (int j = 0; j < 4 * GROUPS; ++j) sums[i][j] = fmaf(a[k % 2][i], b[k % 2][j], sums[i][j]);
        }
      }
      if (depth_left > 0) {
        tile_a.store(memory + (t + 1) % 2 * kFloatsA);
        tile_b.store(memory + 2 * kFloatsA + (t + 1) % 2 * kFloatsB);
        __syncthreads();
      }
    }
    __syncthreads();
  }

  float* staged = memory + warp * kStagedRows * kStagedPitch;
#pragma unroll 1
  for (int part = 0; part < 2; ++part) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      if (h == part) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
          for (int g = 0; g < GROUPS; ++g) {
            const float* four = &sums[h * 4 + i][g * 4];
            *reinterpret_cast<float4*>(staged + (down * 4 + i) * kStagedPitch + g * 32 + across * 4) =
                make_float4(four[0], four[1], four[2], four[3]);
          }
        }
      }
    }
    __syncwarp();
    const int row = warp_row + part * 16;
    finish_staged<kWarpColumns>(p.finish, staged, place.out, place.row + row, place.column + warp_column,
                                place.rows_left - row, place.columns_left - warp_column);
    __syncwarp();
  }
}
