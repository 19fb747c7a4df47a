// Linear layers for few rows: bound by reading the weights once.
//
// A group of warps takes four neighbouring columns and shares their depth; a lane reads 16 bytes of each column at a
// time. The rows of a lie in shared memory as float32, whole or a chunk of the depth at a time. Blocks walk over the
// columns until none is left.
#pragma once

#include "gemm/finish.cuh"

constexpr int kSkinnyThreads = 256;
constexpr int kSkinnyColumns = 4;   // of a group of warps
constexpr int kSkinnyFloats = 8192;  // of a in shared memory

constexpr int kRoundNot = 0;
constexpr int kRoundF16 = 1;
constexpr int kRoundBf16 = 2;

struct SkinnyProblem {
  const float* a;
  const void* weights;  // (columns, pitch), zeros beyond the depth
  Finish finish;
  long long a_row;
  long long rows;
  long long columns;
  int depth;
  int pitch;  // elements, a multiple of 16 bytes
  int share;  // warps that share a column: 1, 2, 4 or 8
  int round;  // what a is rounded to before it is multiplied
};

__device__ __forceinline__ float rounded(int round, float x) {
  if (round == kRoundF16) return widen(narrow<f16>(x));
  if (round == kRoundBf16) return widen(narrow<bf16>(x));
  return x;
}

// Where a depth of a chunk lies in shared memory: the lanes' first four of 8 depths beside each other, then the others,
// so that lanes that read 16 bytes each read from different banks.
template <int VECTOR>
__device__ __forceinline__ int skinny_place(int k) {
  if (VECTOR == 4) return k;
  return (k & ~255) | (k & 4) << 5 | (k & 248) >> 1 | (k & 3);
}

// Adds up N of `v` over the lanes, two halves of which swap a half of the values each time. Each lane ends with the
// value whose number it returns.
template <int N>
struct AddAndDeal {
  static __device__ __forceinline__ int run(float* v, int offset) {
    const bool upper = threadIdx.x & offset;
#pragma unroll
    for (int i = 0; i < N / 2; ++i) {
      const float kept = upper ? v[i + N / 2] : v[i];
      const float given = upper ? v[i] : v[i + N / 2];
      v[i] = kept + __shfl_xor_sync(0xffffffffu, given, offset);
    }
    return (upper ? N / 2 : 0) + AddAndDeal<N / 2>::run(v, offset / 2);
  }
};
template <>
struct AddAndDeal<1> {
  static __device__ __forceinline__ int run(float* v, int offset) {
#pragma unroll
    for (; offset > 0; offset /= 2) v[0] += __shfl_xor_sync(0xffffffffu, v[0], offset);
    return 0;
  }
};

template <typename T, int ROWS>
struct Skinny {
  static constexpr int kVector = 16 / static_cast<int>(sizeof(T));
  static constexpr int kChunk = kSkinnyFloats / ROWS;
  static constexpr int kWarps = kSkinnyThreads / 32;
  static constexpr int kResults = ROWS * kSkinnyColumns;
  static_assert(kResults <= 32 && kChunk % 256 == 0, "");

  const T* weights[kSkinnyColumns];
  Vector<T, kVector> held[kSkinnyColumns];
  float sums[kResults];

  // Begins with columns; those that do not exist are read at the last that does, and not stored.
  __device__ __forceinline__ void begin(const SkinnyProblem& p, long long first_column) {
#pragma unroll
    for (int j = 0; j < kSkinnyColumns; ++j) {
      const long long column = first_column + j < p.columns ? first_column + j : p.columns - 1;
      weights[j] = static_cast<const T*>(p.weights) + column * p.pitch;
    }
#pragma unroll
    for (int i = 0; i < kResults; ++i) sums[i] = 0.f;
  }

  __device__ __forceinline__ void load(int depth) {
#pragma unroll
    for (int j = 0; j < kSkinnyColumns; ++j) {
      held[j] = *reinterpret_cast<const Vector<T, kVector>*>(weights[j] + depth);
    }
  }

  __device__ __forceinline__ void multiply(const float (&a)[ROWS][kChunk], int depth) {
    const int at = skinny_place<kVector>(depth);
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
#pragma unroll
      for (int h = 0; h < kVector / 4; ++h) {
        const float4 left = *reinterpret_cast<const float4*>(&a[i][at + h * 128]);
#pragma unroll
        for (int j = 0; j < kSkinnyColumns; ++j) {
          float& sum = sums[i * kSkinnyColumns + j];
          sum = fmaf(left.x, widen(held[j].element[h * 4]), sum);
          sum = fmaf(left.y, widen(held[j].element[h * 4 + 1]), sum);
          sum = fmaf(left.z, widen(held[j].element[h * 4 + 2]), sum);
          sum = fmaf(left.w, widen(held[j].element[h * 4 + 3]), sum);
        }
      }
    }
  }
};

// Brings a chunk of a's rows to shared memory, and zeros up to whole vectors of all lanes.
template <int VECTOR, int ROWS, int CHUNK>
__device__ __forceinline__ void fill_chunk(float (&a)[ROWS][CHUNK], const SkinnyProblem& p, long long first_row,
                                           int rows, int from, int chunk) {
  const int filled = (chunk + 32 * VECTOR - 1) / (32 * VECTOR) * (32 * VECTOR);
#pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    const float* row = p.a + (first_row + i) * p.a_row + from;
    for (int k = threadIdx.x; k < filled; k += kSkinnyThreads) {
      a[i][skinny_place<VECTOR>(k)] = i < rows && k < chunk ? rounded(p.round, row[k]) : 0.f;
    }
  }
}

template <typename T, int ROWS>
__device__ __forceinline__ void skinny_product(const SkinnyProblem& p) {
  using Work = Skinny<T, ROWS>;
  constexpr int kChunk = Work::kChunk;
  constexpr int kVector = Work::kVector;
  __shared__ __align__(16) float a[ROWS][kChunk];
  // Two, so that the sums of one turn can be read while those of the next are written.
  __shared__ float shared_sums[2][Work::kWarps][Work::kResults];

  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int groups = Work::kWarps / p.share;
  const int group_column = warp / p.share * kSkinnyColumns;
  const int block_columns = groups * kSkinnyColumns;
  const int start = (warp % p.share * 32 + lane) * kVector;
  const int step = p.share * 32 * kVector;
  const long long turns = (p.columns + block_columns - 1) / block_columns;
  const long long first_row = static_cast<long long>(blockIdx.y) * ROWS;
  const int rows = at_most(p.rows - first_row, ROWS);

  // Weights are on their way before a is there, and the next turn's before this one's sums are added up.
  Work work;
  work.begin(p, static_cast<long long>(blockIdx.x) * block_columns + group_column);
  if (start < p.depth) work.load(start);
  int parity = 0;
  for (long long turn = blockIdx.x; turn < turns; turn += gridDim.x) {
    for (int from = 0; from < p.depth; from += kChunk) {
      const int chunk = min(p.depth - from, kChunk);
      if (turn == blockIdx.x || p.depth > kChunk) {
        __syncthreads();
        fill_chunk<kVector>(a, p, first_row, rows, from, chunk);
        __syncthreads();
      }
      int k = start;
#pragma unroll 1
      while (k < chunk) {
        work.multiply(a, k);
        k += step;
        if (k < chunk) work.load(from + k);
      }
      if (from + kChunk + start < p.depth && start < kChunk) work.load(from + kChunk + start);
    }

    float sums[Work::kResults];
#pragma unroll
    for (int i = 0; i < Work::kResults; ++i) sums[i] = work.sums[i];
    work.begin(p, (turn + gridDim.x) * block_columns + group_column);
    if (turn + gridDim.x < turns && start < p.depth) work.load(start);

    const int number = AddAndDeal<Work::kResults>::run(sums, 16);
    if (lane % (32 / Work::kResults) == 0) shared_sums[parity][warp][number] = sums[0];
    __syncthreads();
    if (threadIdx.x < groups * Work::kResults) {
      // Neighbouring threads take neighbouring columns.
      const int i = threadIdx.x / block_columns;
      const int column = threadIdx.x % block_columns;
      const int first_warp = column / kSkinnyColumns * p.share;
      const int result = i * kSkinnyColumns + column % kSkinnyColumns;
      float four[4] = {0.f, 0.f, 0.f, 0.f};
      for (int w = 0; w < p.share; ++w) four[0] += shared_sums[parity][first_warp + w][result];
      const long long at = turn * block_columns + column;
      if (i < rows && at < p.columns) finish_four(p.finish, 0, first_row + i, at, 1, 1, four);
    }
    parity ^= 1;
  }
}

#define SKINNY_KERNELS(T)                                         \
  extern "C" __global__ void __launch_bounds__(kSkinnyThreads)    \
      skinny1_##T(const __grid_constant__ SkinnyProblem p) {      \
    skinny_product<T, 1>(p);                                      \
  }                                                               \
  extern "C" __global__ void __launch_bounds__(kSkinnyThreads, 2) \
      skinny4_##T(const __grid_constant__ SkinnyProblem p) {      \
    skinny_product<T, 4>(p);                                      \
  }                                                               \
  extern "C" __global__ void __launch_bounds__(kSkinnyThreads, 2) \
      skinny8_##T(const __grid_constant__ SkinnyProblem p) {      \
    skinny_product<T, 8>(p);                                      \
  }
