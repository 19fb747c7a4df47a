// How tensor-core kernels bring tiles of their operands from memory to shared memory, and from there to registers.
//
// An operand's tile has ROWS rows (rows of a, or columns of b) and 128 bytes of depth, which are four steps of 32
// bytes. It lies in shared memory either row by row, 128 bytes each, or, where 16-bit elements are dense along the
// rows, depth by depth. Chunks of 16 bytes change places within 128 bytes, by exclusive or with the number of the line,
// so that the eight lines of a matrix that ldmatrix reads lie in different banks.
#pragma once

#include "gemm/copies.cuh"

constexpr int kLineBytes = 128;
constexpr int kSteps = 4;
constexpr int kCopySteps = 3;  // those in which copies begin; the last step waits for a stage

// The depth of a tile in elements.
template <typename T>
constexpr int kTileDepth = kLineBytes / static_cast<int>(sizeof(T));

// Copies the tiles of an operand whose elements are dense along the depth.
template <typename T, int ROWS, int THREADS>
struct CopyByDepth {
  static constexpr int kCopies = ROWS * 8 / THREADS;  // 16 bytes each, for one thread
  static constexpr int kRowsApart = THREADS / 8;
  static_assert(kRowsApart % 8 == 0, "");

  const char* from;
  long long from_apart;
  unsigned to;
  unsigned rows;  // bit i: the i-th copy's row exists
  int first;      // the depth that the chunk begins at

  __device__ __forceinline__ CopyByDepth(const void* base, long long row_stride, long long, int rows_left, bool) {
    const int chunk = threadIdx.x % 8;
    const int row = threadIdx.x / 8;
    first = chunk * (16 / static_cast<int>(sizeof(T)));
    from = static_cast<const char*>(base) + (row * row_stride + first) * static_cast<int>(sizeof(T));
    from_apart = kRowsApart * row_stride * static_cast<int>(sizeof(T));
    to = row * kLineBytes + (chunk ^ (row & 7)) * 16;
    rows = 0;
#pragma unroll
    for (int i = 0; i < kCopies; ++i) rows |= (row + i * kRowsApart < rows_left ? 1u : 0u) << i;
  }

  // Begins a part of the copies to the operand's place in a stage, if any depth is left.
  __device__ __forceinline__ void part(int step, unsigned stage, int depth_left) const {
    const int left = (depth_left - first) * static_cast<int>(sizeof(T));
    const int bytes = left < 0 ? 0 : left > 16 ? 16 : left;
#pragma unroll
    for (int i = step * kCopies / kCopySteps; i < (step + 1) * kCopies / kCopySteps; ++i) {
      copy16_async(stage + to + i * kRowsApart * kLineBytes, from + i * from_apart, rows >> i & 1 ? bytes : 0,
                   depth_left > 0);
    }
  }

  __device__ __forceinline__ void advance() { from += kLineBytes; }
};

// Copies the tiles of an operand of 16-bit elements that are dense along the rows.
template <typename T, int ROWS, int THREADS>
struct CopyByRow {
  static_assert(sizeof(T) == 2, "");
  static constexpr int kChunks = ROWS / 8;  // of one depth
  static constexpr int kCopies = ROWS * 8 / THREADS;
  static constexpr int kDepthApart = THREADS / kChunks;
  static_assert(kDepthApart % 8 == 0, "");

  const char* from;
  long long depth_bytes;
  unsigned to;
  int depth;
  int bytes;

  __device__ __forceinline__ CopyByRow(const void* base, long long, long long depth_stride, int rows_left, bool) {
    const int chunk = threadIdx.x % kChunks;
    depth = threadIdx.x / kChunks;
    from = static_cast<const char*>(base) + (depth * depth_stride + chunk * 8) * 2;
    depth_bytes = depth_stride * 2;
    to = depth * (ROWS * 2) + (chunk ^ (depth & 7)) * 16;
    const int left = (rows_left - chunk * 8) * 2;
    bytes = left < 0 ? 0 : left > 16 ? 16 : left;
  }

  __device__ __forceinline__ void part(int step, unsigned stage, int depth_left) const {
#pragma unroll
    for (int i = step * kCopies / kCopySteps; i < (step + 1) * kCopies / kCopySteps; ++i) {
      copy16_async(stage + to + i * kDepthApart * ROWS * 2, from + i * kDepthApart * depth_bytes,
                   depth + i * kDepthApart < depth_left ? bytes : 0, depth_left > 0);
    }
  }

  __device__ __forceinline__ void advance() { from += kTileDepth<T> * depth_bytes; }
};

// Copies the tiles of a float32 operand of any strides, element by element where 16 bytes cannot be copied at once. A
// warp then copies eight rows of four neighbours in depth: whole sectors of 32 bytes where rows are dense.
template <int ROWS, int THREADS>
struct CopyAnyWords {
  static constexpr int kWarps = THREADS / 32;
  static constexpr int kCopies = ROWS * kTileDepth<f32> / THREADS;
  static_assert(kWarps == 8 || kWarps == 4, "");

  CopyByDepth<tf32, ROWS, THREADS> wide;
  bool vector;
  const float* from;
  long long row_stride;
  long long depth_stride;
  int row;
  int depth;
  int rows_left;

  __device__ __forceinline__ CopyAnyWords(const void* base, long long row_stride, long long depth_stride, int rows_left,
                                          bool vector)
      : wide(base, row_stride, depth_stride, rows_left, vector),
        vector(vector),
        row_stride(row_stride),
        depth_stride(depth_stride),
        rows_left(rows_left) {
    const int lane = threadIdx.x % 32;
    const bool by_row = row_stride == 1;
    row = by_row ? lane % 8 : lane / 4;
    depth = threadIdx.x / 32 * 4 + (by_row ? lane / 8 : lane % 4);
    from = static_cast<const float*>(base) + row * row_stride + depth * depth_stride;
  }

  __device__ __forceinline__ void part(int step, unsigned stage, int depth_left) const {
    if (vector) {
      wide.part(step, stage, depth_left);
      return;
    }
#pragma unroll
    for (int i = step * kCopies / kCopySteps; i < (step + 1) * kCopies / kCopySteps; ++i) {
      // Eight warps cover the depth of a tile at once, four in two turns.
      const int rows_on = i * kWarps / 8 * 8;
      const int depth_on = i * kWarps % 8 * 4;
      const int r = row + rows_on;
      const int k = depth + depth_on;
      copy4_async(stage + r * kLineBytes + (k / 4 ^ (r & 7)) * 16 + k % 4 * 4,
                  from + rows_on * row_stride + depth_on * depth_stride, r < rows_left && k < depth_left ? 4 : 0,
                  depth_left > 0);
    }
  }

  __device__ __forceinline__ void advance() {
    wide.advance();
    from += kTileDepth<f32> * depth_stride;
  }
};

// Reads a warp's matrices of a tile that lies row by row. A pair of them, 16 rows, is what ldmatrix reads at once. The
// tensor cores want the quarters of a's 16x32 bytes in the order top left, bottom left, top right, bottom right, and
// those of two matrices of b as left, right of the first, left, right of the second.
template <bool LEFT>
struct LoadByDepth {
  unsigned line;
  unsigned swap;

  __device__ __forceinline__ explicit LoadByDepth(int first_row) {
    const int lane = threadIdx.x % 32;
    const int row = LEFT ? lane % 16 : lane % 8 + lane / 16 * 8;
    const int half = LEFT ? lane / 16 : lane / 8 % 2;
    line = (first_row + row) * kLineBytes;
    swap = (half ^ (lane & 7)) * 16;
  }

  __device__ __forceinline__ void load(unsigned (&to)[4], unsigned tile, int step, int pair) const {
    load_matrices(to, tile + line + pair * 16 * kLineBytes + (swap ^ step * 32));
  }
};

// The same for a tile of ROWS rows that lies depth by depth.
template <bool LEFT, int ROWS>
struct LoadByRow {
  unsigned line;
  unsigned swap;
  unsigned first;

  __device__ __forceinline__ explicit LoadByRow(int first_row) {
    const int lane = threadIdx.x % 32;
    const int depth = LEFT ? lane % 8 + lane / 16 * 8 : lane % 16;
    const int half = LEFT ? lane / 8 % 2 : lane / 16;
    line = depth * ROWS * 2;
    swap = (half ^ (lane & 7)) * 16;
    first = first_row * 2;
  }

  __device__ __forceinline__ void load(unsigned (&to)[4], unsigned tile, int step, int pair) const {
    load_matrices_transposed(to, tile + line + step * 16 * ROWS * 2 + ((first + pair * 32) ^ swap));
  }
};
