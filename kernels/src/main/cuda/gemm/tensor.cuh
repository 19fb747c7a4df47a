// Matrix products on tensor cores through mma.sync, with float32 sums.
//
// A block of WARP_ROWS x WARP_COLUMNS warps computes a tile of the result. Tiles of the operands come by asynchronous
// copies through a ring of stages in shared memory. While a warp multiplies what it has in registers it loads what
// comes next, from the next stage too: the only barrier of a stage stands before the last multiplications of the one
// before.
#pragma once

#include "gemm/finish.cuh"
#include "gemm/operands.cuh"

__device__ __forceinline__ void await_all_but(int groups) {
  if (groups <= 0) {
    await_copies<0>();
  } else if (groups == 1) {
    await_copies<1>();
  } else {
    await_copies<2>();
  }
}

template <typename T>
__device__ __forceinline__ unsigned prepared(unsigned bits) {
  return bits;
}
template <>
__device__ __forceinline__ unsigned prepared<tf32>(unsigned bits) {
  return round_to_tf32(bits);
}

template <typename T, int ROWS, int COLUMNS, int WARP_ROWS, int WARP_COLUMNS, typename CopyA, typename CopyB,
          typename LoadA, typename LoadB>
__device__ __forceinline__ void tensor_product(const Problem& p) {
  constexpr int kWarpRows = ROWS / WARP_ROWS;
  constexpr int kWarpColumns = COLUMNS / WARP_COLUMNS;
  constexpr int kDown = kWarpRows / 16;      // matrices of a
  constexpr int kAcross = kWarpColumns / 8;  // matrices of b
  constexpr int kDepth = kTileDepth<T>;
  constexpr unsigned kBytesA = ROWS * kLineBytes;
  constexpr unsigned kStageBytes = (ROWS + COLUMNS) * kLineBytes;

  const Place place = find_place(p, ROWS, COLUMNS);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int warp_row = warp / WARP_COLUMNS * kWarpRows;
  const int warp_column = warp % WARP_COLUMNS * kWarpColumns;

  float sums[kDown][kAcross][4];
#pragma unroll
  for (int i = 0; i < kDown; ++i) {
#pragma unroll
    for (int j = 0; j < kAcross; ++j) {
#pragma unroll
      for (int e = 0; e < 4; ++e) sums[i][j][e] = 0.f;
    }
  }

  const int tiles = (place.depth_left + kDepth - 1) / kDepth;
  if (tiles > 0) {
    const unsigned ring = shared_address(dynamic_shared);
    const unsigned ring_end = ring + p.stages * kStageBytes;
    CopyA copy_a(static_cast<const T*>(p.a) + place.a + place.row * p.a_row + place.depth * p.a_depth, p.a_row,
                 p.a_depth, place.rows_left, p.a_vector != 0);
    CopyB copy_b(static_cast<const T*>(p.b) + place.b + place.column * p.b_column + place.depth * p.b_depth, p.b_column,
                 p.b_depth, place.columns_left, p.b_vector != 0);
    const LoadA load_a(warp_row);
    const LoadB load_b(warp_column);

    // The last stage of the ring is filled while the first is multiplied.
    int depth_to_copy = place.depth_left;
    unsigned write = ring;
    for (int s = 1; s < p.stages; ++s) {
#pragma unroll
      for (int step = 0; step < kCopySteps; ++step) {
        copy_a.part(step, write, depth_to_copy);
        copy_b.part(step, write + kBytesA, depth_to_copy);
      }
      copy_a.advance();
      copy_b.advance();
      commit_copies();
      depth_to_copy -= kDepth;
      write += kStageBytes;
    }
    await_all_but(p.stages - 2);
    __syncthreads();

    unsigned a[2][kDown][4];
    unsigned b[2][kAcross / 2][4];
    unsigned read = ring;
#pragma unroll
    for (int i = 0; i < kDown; ++i) load_a.load(a[0][i], read, 0, i);
#pragma unroll
    for (int j = 0; j < kAcross / 2; ++j) load_b.load(b[0][j], read + kBytesA, 0, j);

#pragma unroll 1
    for (int t = 0; t < tiles; ++t) {
#pragma unroll
      for (int step = 0; step < kSteps; ++step) {
        if (step == kCopySteps) {
          commit_copies();
          await_all_but(p.stages - 2);
          __syncthreads();
          copy_a.advance();
          copy_b.advance();
          depth_to_copy -= kDepth;
          write = read;
          read = read + kStageBytes == ring_end ? ring : read + kStageBytes;
        }
        // After the last tile this reads an old stage, in vain.
        const int next = (step + 1) % kSteps;
#pragma unroll
        for (int i = 0; i < kDown; ++i) load_a.load(a[(step + 1) % 2][i], read, next, i);
#pragma unroll
        for (int j = 0; j < kAcross / 2; ++j) load_b.load(b[(step + 1) % 2][j], read + kBytesA, next, j);
        if (step < kCopySteps) {
          copy_a.part(step, write, depth_to_copy);
          copy_b.part(step, write + kBytesA, depth_to_copy);
        }

#pragma unroll
        for (int i = 0; i < kDown; ++i) {
#pragma unroll
          for (int e = 0; e < 4; ++e) a[step % 2][i][e] = prepared<T>(a[step % 2][i][e]);
        }
#pragma unroll
        for (int j = 0; j < kAcross; ++j) {
          const unsigned b0 = prepared<T>(b[step % 2][j / 2][j % 2 * 2]);
          const unsigned b1 = prepared<T>(b[step % 2][j / 2][j % 2 * 2 + 1]);
#pragma unroll
          for (int i = 0; i < kDown; ++i) {
            // To and fro, so that neighbouring instructions share an operand.
            const int row = j % 2 == 0 ? i : kDown - 1 - i;
            multiply_add<T>(sums[row][j], a[step % 2][row], b0, b1);
          }
        }
      }
    }
    __syncthreads();
  }

  // The stages have served: each warp takes a part of their memory for its results.
  constexpr int kPitch = kWarpColumns + kStagedPadding;
  float* staged = reinterpret_cast<float*>(dynamic_shared) + warp * kStagedRows * kPitch;
#pragma unroll 1
  for (int part = 0; part < kDown; ++part) {
#pragma unroll
    for (int i = 0; i < kDown; ++i) {
      if (i == part) {
#pragma unroll
        for (int j = 0; j < kAcross; ++j) {
          float* to = staged + lane / 4 * kPitch + j * 8 + lane % 4 * 2;
          *reinterpret_cast<float2*>(to) = make_float2(sums[i][j][0], sums[i][j][1]);
          *reinterpret_cast<float2*>(to + 8 * kPitch) = make_float2(sums[i][j][2], sums[i][j][3]);
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
