// Adds up the parts of products whose depth was split, in the order of the parts. `a` is the workspace: sums of the
// arithmetic's type, a_row from one row to the next.
#include "gemm/finish.cuh"

constexpr int kSumThreads = 256;

// Where a thread's results begin: `width` neighbours of a row.
struct Spot {
  long long row;
  long long column;
  long long in;
  long long out;
};

__device__ __forceinline__ bool find_spot(const Problem& p, unsigned width, Spot& spot) {
  const unsigned columns = static_cast<unsigned>(p.columns) / width;
  const unsigned rows = static_cast<unsigned>(p.rows);
  const unsigned index = blockIdx.x * kSumThreads + threadIdx.x;
  const unsigned row = index / columns;
  const unsigned member = row / rows;
  if (member >= p.batch.count) return false;
  long long at[3];
  p.batch.offsets(member, at);
  spot.row = row - member * rows;
  spot.column = (index - row * columns) * width;
  spot.in = at[1] + spot.row * p.a_row + spot.column;
  spot.out = at[0];
  return true;
}

extern "C" __global__ void __launch_bounds__(kSumThreads) sum_parts_f32(const __grid_constant__ Problem p) {
  Spot spot;
  if (!find_spot(p, p.finish.vector ? 4 : 1, spot)) return;
  const float* from = static_cast<const float*>(p.a) + spot.in;
  float v[4] = {0.f, 0.f, 0.f, 0.f};
  if (p.finish.vector) {
#pragma unroll 8
    for (int s = 0; s < p.splits; ++s) {
      const float4 four = *reinterpret_cast<const float4*>(from + s * p.split_stride);
      v[0] += four.x;
      v[1] += four.y;
      v[2] += four.z;
      v[3] += four.w;
    }
  } else {
#pragma unroll 8
    for (int s = 0; s < p.splits; ++s) v[0] += from[s * p.split_stride];
  }
  finish_four(p.finish, spot.out, spot.row, spot.column, 1, p.finish.vector ? 4 : 1, v);
}

template <typename T>
__device__ __forceinline__ void sum_parts(const Problem& p) {
  Spot spot;
  if (!find_spot(p, 1, spot)) return;
  const Wide<T>* from = static_cast<const Wide<T>*>(p.a) + spot.in;
  Wide<T> sum = 0;
#pragma unroll 8
  for (int s = 0; s < p.splits; ++s) sum += from[s * p.split_stride];
  static_cast<T*>(p.finish.out)[spot.out + spot.row * p.finish.out_row + spot.column * p.finish.out_column] =
      narrow<T>(sum);
}

#define SUM_PARTS(T, NAME)                                  \
  extern "C" __global__ void __launch_bounds__(kSumThreads) \
      sum_parts_##NAME(const __grid_constant__ Problem p) { \
    sum_parts<T>(p);                                        \
  }

SUM_PARTS(f64, f64)
SUM_PARTS(i8, i8)
SUM_PARTS(u8, u8)
SUM_PARTS(i32, i32)
SUM_PARTS(i64, i64)
SUM_PARTS(boolean, bool)
