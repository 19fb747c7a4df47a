// Copies in which neighbours of the input are not neighbours of the output: matrices are transposed tile by tile
// through shared memory, so that reads and writes both come in whole lines. One kernel serves all types of a size.
#include "common/index.cuh"

constexpr int kThreads = 256;

// Rows and columns of a tile, which a block moves.
constexpr int kTile = 64;

// The input's element (row, column) of a matrix lies at row * in_stride + column, the output's at
// column * out_stride + row. Strides are elements.
struct TransposeParams {
  void* out;
  const void* in;
  long long out_stride;
  long long in_stride;
  int rows;
  int columns;
  Indexer<2> matrices;
};

namespace {

constexpr int kLanes = 32;
constexpr int kWarps = kThreads / kLanes;

// R has the size of an element. A row of the tile is an odd number of 32-bit banks longer than a multiple of 32 of them
// (for 8 bytes, whose accesses go by half warps, twice that): the elements of a column lie in different banks.
template <typename R>
__device__ __forceinline__ void transpose(const TransposeParams& p) {
  constexpr int kPadding = sizeof(R) >= 4 ? 1 : 4 / sizeof(R);
  __shared__ R tile[kTile][kTile + kPadding];

  const unsigned tiles_across = (static_cast<unsigned>(p.columns) + kTile - 1) / kTile;
  const unsigned tiles_down = (static_cast<unsigned>(p.rows) + kTile - 1) / kTile;
  const unsigned strip = blockIdx.x / tiles_across;
  const unsigned matrix = strip / tiles_down;
  const int column0 = (blockIdx.x - strip * tiles_across) * kTile;
  const int row0 = (strip - matrix * tiles_down) * kTile;
  long long at[2];
  p.matrices.offsets(matrix, at);
  R* out = static_cast<R*>(p.out) + at[0];
  const R* in = static_cast<const R*>(p.in) + at[1];
  const int lane = threadIdx.x % kLanes;
  const int warp = threadIdx.x / kLanes;

  R element[kTile / kWarps][kTile / kLanes];
#pragma unroll
  for (int i = 0; i < kTile / kWarps; ++i) {
    const int row = row0 + warp + i * kWarps;
#pragma unroll
    for (int j = 0; j < kTile / kLanes; ++j) {
      const int column = column0 + lane + j * kLanes;
      if (row < p.rows && column < p.columns) element[i][j] = in[row * p.in_stride + column];
    }
  }
#pragma unroll
  for (int i = 0; i < kTile / kWarps; ++i) {
#pragma unroll
    for (int j = 0; j < kTile / kLanes; ++j) tile[warp + i * kWarps][lane + j * kLanes] = element[i][j];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kTile / kWarps; ++i) {
    const int column = column0 + warp + i * kWarps;
#pragma unroll
    for (int j = 0; j < kTile / kLanes; ++j) {
      const int row = row0 + lane + j * kLanes;
      if (row < p.rows && column < p.columns) {
        out[column * p.out_stride + row] = tile[lane + j * kLanes][warp + i * kWarps];
      }
    }
  }
}

}  // namespace

// Kernels are named by the bits of an element.
#define OKTO_TRANSPOSE(BITS, RAW)                                   \
  extern "C" __global__ void __launch_bounds__(kThreads)            \
      transpose_##BITS(const __grid_constant__ TransposeParams p) { \
    transpose<RAW>(p);                                              \
  }

OKTO_TRANSPOSE(8, unsigned char)
OKTO_TRANSPOSE(16, unsigned short)
OKTO_TRANSPOSE(32, unsigned)
OKTO_TRANSPOSE(64, unsigned long long)
