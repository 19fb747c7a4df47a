// Rows of a tensor that a group of threads keeps in registers: reading, writing and reducing them, at any stride and
// alignment.
#pragma once

#include "common/index.cuh"
#include "common/types.cuh"

// Elements that a thread keeps, and 16-byte vectors of them. Vectors stay as they are in memory: 16-bit numbers are
// widened whenever they are used, which costs little beside twice the registers.
constexpr int kHeldFloats = 32;
constexpr int kHeldHalves = 56;
constexpr int kHeldDoubles = 8;
template <typename T>
constexpr int kVector = 16 / sizeof(T);
template <typename T>
constexpr int kHeld = sizeof(T) == 8 ? kHeldDoubles : sizeof(T) == 4 ? kHeldFloats : kHeldHalves;
template <typename T>
constexpr int kVectors = kHeld<T> / kVector<T>;
template <typename T>
constexpr bool kIsHalf = sizeof(T) == 2;

struct alignas(16) Words {
  unsigned word[4];
};

template <int N>
using Held = Words[N];

// The same bits as another type.
template <typename To, typename From>
__device__ __forceinline__ To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits stay");
  To to;
  memcpy(&to, &from, sizeof(to));
  return to;
}

__device__ __forceinline__ void spread(f32, Words x, float (&to)[4]) {
#pragma unroll
  for (int e = 0; e < 4; ++e) to[e] = __uint_as_float(x.word[e]);
}
__device__ __forceinline__ void spread(f64, Words x, double (&to)[2]) {
#pragma unroll
  for (int e = 0; e < 2; ++e) to[e] = __hiloint2double(x.word[2 * e + 1], x.word[2 * e]);
}
__device__ __forceinline__ void spread(f16, Words x, float (&to)[8]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 pair = __half22float2(bits_as<__half2>(x.word[i]));
    to[2 * i] = pair.x;
    to[2 * i + 1] = pair.y;
  }
}
__device__ __forceinline__ void spread(bf16, Words x, float (&to)[8]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = __uint_as_float(x.word[i] << 16);
    to[2 * i + 1] = __uint_as_float(x.word[i] & 0xffff0000u);
  }
}

// The numbers of a vector, widened.
template <typename T>
__device__ __forceinline__ void spread(Words x, Wide<T> (&to)[kVector<T>]) {
  spread(T(), x, to);
}

__device__ __forceinline__ Words packed(f32, const float (&x)[4]) {
  Words result;
#pragma unroll
  for (int e = 0; e < 4; ++e) result.word[e] = __float_as_uint(x[e]);
  return result;
}
__device__ __forceinline__ Words packed(f64, const double (&x)[2]) {
  Words result;
#pragma unroll
  for (int e = 0; e < 2; ++e) {
    result.word[2 * e] = __double2loint(x[e]);
    result.word[2 * e + 1] = __double2hiint(x[e]);
  }
  return result;
}
__device__ __forceinline__ Words packed(f16, const float (&x)[8]) {
  Words result;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const __half2 pair = __floats2half2_rn(x[2 * i], x[2 * i + 1]);
    result.word[i] = bits_as<unsigned>(pair);
  }
  return result;
}
__device__ __forceinline__ Words packed(bf16, const float (&x)[8]) {
  Words result;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(x[2 * i], x[2 * i + 1]);
    result.word[i] = bits_as<unsigned>(pair);
  }
  return result;
}

// A vector of numbers, narrowed.
template <typename T>
__device__ __forceinline__ Words packed(const Wide<T> (&x)[kVector<T>]) {
  return packed(T(), x);
}

// Which elements of a row a thread holds: vector j begins at first + j * step. Where the row begins inside a 16-byte
// word, the first vector begins before it; its elements below 0 are absent, as are those from count on. Vectors from
// `vectors` on, a number that all threads have in common, are of no use to any.
struct Share {
  int first;
  int step;
  int count;
  int vectors;

  __device__ __forceinline__ int at(int j) const { return first + j * step; }
  __device__ __forceinline__ bool has_all(int first, int vector) const { return first >= 0 && first + vector <= count; }
  __device__ __forceinline__ bool has(int i) const { return static_cast<unsigned>(i) < static_cast<unsigned>(count); }
};

// How many elements past such a boundary an address lies.
template <int kBytes = 16, typename T>
__device__ __forceinline__ int phase(const T* at) {
  return static_cast<int>(reinterpret_cast<unsigned long long>(at) % kBytes / sizeof(T));
}

// What caches keep together: requests of long rows begin at such lines.
constexpr int kLineBytes = 128;

// The share of a thread in a row: vectors follow the input where it has no gaps, else the output. They begin where a
// word of so many bytes does.
template <int kBytes = 16, typename T>
__device__ __forceinline__ Share share_of(const T* in, long long in_stride, const T* out, int count, int rank,
                                          int group, int vectors) {
  Share share;
  share.first = rank * kVector<T> - (in_stride == 1 ? phase<kBytes>(in) : phase<kBytes>(out));
  share.step = group * kVector<T>;
  share.count = count;
  share.vectors = vectors;
  return share;
}

// One vector of a share, put together from its elements; absent ones get a value of their own.
template <typename T>
__device__ __forceinline__ Words gathered(const T* row, long long stride, Share share, int at, Wide<T> absent) {
  Wide<T> values[kVector<T>];
#pragma unroll
  for (int e = 0; e < kVector<T>; ++e) values[e] = share.has(at + e) ? widen(row[(at + e) * stride]) : absent;
  return packed<T>(values);
}

// Reads a share; absent elements get a value of their own. Loads of whole vectors come before the first use of any. A
// vector that must be gathered makes its warp wait: of 16-bit numbers, where that was measured to matter, those come
// last.
template <typename T, int N>
__device__ __forceinline__ void load(Held<N>& x, const T* row, long long stride, Share share, Wide<T> absent) {
  constexpr int V = kVector<T>;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j >= share.vectors) break;
    const int at = share.at(j);
    // Without gaps vectors are aligned: their phase is the row's own.
    if (stride == 1 && share.has_all(at, V)) {
      x[j] = *reinterpret_cast<const Words*>(row + at);
    } else if (!kIsHalf<T>) {
      x[j] = gathered(row, stride, share, at, absent);
    }
  }
  if constexpr (kIsHalf<T>) {
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (j >= share.vectors) break;
      const int at = share.at(j);
      if (stride != 1 || !share.has_all(at, V)) x[j] = gathered(row, stride, share, at, absent);
    }
  }
}

// Where a share's results go. Vectors are written whole where they are aligned there, too.
template <typename T>
class Target {
 public:
  __device__ __forceinline__ Target(T* row, long long stride, Share share)
      : row_(row), stride_(stride), aligned_(stride == 1 && (phase(row) + share.first) % kVector<T> == 0) {}

  __device__ __forceinline__ void write(Share share, int at, const Wide<T> (&values)[kVector<T>]) const {
    if (aligned_ && share.has_all(at, kVector<T>)) {
      *reinterpret_cast<Words*>(row_ + at) = packed<T>(values);
    } else {
#pragma unroll
      for (int e = 0; e < kVector<T>; ++e) {
        if (share.has(at + e)) row_[(at + e) * stride_] = narrow<T>(values[e]);
      }
    }
  }

 private:
  T* row_;
  long long stride_;
  bool aligned_;
};

struct Sum {
  template <typename W>
  static __device__ __forceinline__ W of(W a, W b) {
    return a + b;
  }
};

// Passes over NaN, as fmax does.
struct Largest {
  static __device__ __forceinline__ float of(float a, float b) { return fmaxf(a, b); }
  static __device__ __forceinline__ double of(double a, double b) { return fmax(a, b); }
};

constexpr int kMostWarps = 32;

// One value of each of so many neighbouring lanes.
template <typename Op, int K, typename W>
__device__ __forceinline__ void across_lanes(W (&values)[K], int lanes) {
  if (lanes == 32) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
#pragma unroll
      for (int k = 0; k < K; ++k) values[k] = Op::of(values[k], __shfl_xor_sync(0xffffffffu, values[k], offset));
    }
  } else {
#pragma unroll 1
    for (int offset = lanes / 2; offset > 0; offset /= 2) {
#pragma unroll
      for (int k = 0; k < K; ++k) values[k] = Op::of(values[k], __shfl_xor_sync(0xffffffffu, values[k], offset));
    }
  }
}

// Combines K values of every thread of a group of neighbours (a power of two, up to the block), each in an order that
// depends on the group alone; all of them get the results. Every thread of the block comes here. The scratch must not
// have been used since a barrier.
template <typename Op, int K, typename W>
__device__ __forceinline__ void across(W (&values)[K], int group, W (&scratch)[K][kMostWarps]) {
  across_lanes<Op>(values, group < 32 ? group : 32);
  if (group > 32) {
    const int warp = threadIdx.x / 32;
    if (threadIdx.x % 32 == 0) {
#pragma unroll
      for (int k = 0; k < K; ++k) scratch[k][warp] = values[k];
    }
    __syncthreads();
    const int warps = group / 32;
    const int first = warp & -warps;
#pragma unroll
    for (int k = 0; k < K; ++k) values[k] = scratch[k][first + (threadIdx.x & (warps - 1))];
    across_lanes<Op>(values, warps);
  }
}

template <typename Op, typename W>
__device__ __forceinline__ W across(W value, int group, W (&scratch)[1][kMostWarps]) {
  W values[1] = {value};
  across<Op>(values, group, scratch);
  return values[0];
}

// Sums in several chains, which are shorter and need not wait for each other.
template <typename T>
__device__ __forceinline__ Wide<T> total(const Wide<T> (&parts)[kVector<T>]) {
  Wide<T> level[kVector<T>];
#pragma unroll
  for (int e = 0; e < kVector<T>; ++e) level[e] = parts[e];
#pragma unroll
  for (int width = kVector<T> / 2; width > 0; width /= 2) {
#pragma unroll
    for (int e = 0; e < width; ++e) level[e] += level[e + width];
  }
  return level[0];
}
