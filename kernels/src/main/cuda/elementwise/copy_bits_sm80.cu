// Elements moved without a look at their values, so one kernel serves all types of a size: copies between strides,
// fills, and the choice between two operands.
#include "elementwise/elementwise.cuh"

// Groups a thread of the copies and fills, which need few registers.
constexpr int kMoves = 4;

// A copy or fill in units of several elements is one of larger elements: the strides are still in elements.
struct CopyParams {
  void* out;
  const void* in;
  int element_bytes;
  int unused;
  Indexer<2> walk;
};

struct FillParams {
  void* out;
  unsigned long long pattern;  // the element's bits, repeated
  int element_bytes;
  int unused;
  Indexer<1> walk;
};

struct WhereParams {
  void* out;
  const void* condition;
  const void *a, *b;                  // null for a constant
  unsigned long long a_bits, b_bits;  // the constants' bits
  int condition_mode, a_mode, b_mode;
  int unused;
  Indexer<4> walk;
};

namespace {

template <typename R>
__device__ __forceinline__ void copy(const CopyParams& p) {
  const char* in = static_cast<const char*>(p.in);
  char* out = static_cast<char*>(p.out);
  i64 at[kMoves][2];
  R group[kMoves];
  locate_all(p.walk, at);
#pragma unroll
  for (int k = 0; k < kMoves; ++k) group[k] = *reinterpret_cast<const R*>(in + at[k][1] * p.element_bytes);
#pragma unroll
  for (int k = 0; k < kMoves; ++k) {
    if (group_number<kMoves>(k) < p.walk.count) {
      *reinterpret_cast<R*>(out + at[k][0] * p.element_bytes) = group[k];
    }
  }
}

template <typename R>
__device__ __forceinline__ void fill(const FillParams& p) {
  char* out = static_cast<char*>(p.out);
  const unsigned long long pattern[2] = {p.pattern, p.pattern};
  R value;
  memcpy(&value, pattern, sizeof(value));
#pragma unroll
  for (int k = 0; k < kMoves; ++k) {
    const unsigned i = group_number<kMoves>(k);
    if (i >= p.walk.count) return;
    i64 at[1];
    locate(p.walk, i, at);
    *reinterpret_cast<R*>(out + at[0] * p.element_bytes) = value;
  }
}

template <typename R, int V>
__device__ __forceinline__ void where(const WhereParams& p) {
  i64 at[kGroups][4];
  Group<unsigned char, V> condition[kGroups];
  Group<R, V> a[kGroups], b[kGroups];
  locate_all(p.walk, at);
  load_all(p.condition, p.condition_mode, 1, at, condition);
  load_all(p.a, p.a_mode, 2, at, a);
  load_all(p.b, p.b_mode, 3, at, b);
  const R constant_a = static_cast<R>(p.a_bits), constant_b = static_cast<R>(p.b_bits);
#pragma unroll
  for (int k = 0; k < kGroups; ++k) {
    const Vector<unsigned char, V> truth = condition[k].unpack();
    const Vector<R, V> x = a[k].unpack(), y = b[k].unpack();
    Vector<R, V> chosen;
#pragma unroll
    for (int e = 0; e < V; ++e) {
      const R left = p.a_mode == kModeConstant ? constant_a : x.element[e];
      const R right = p.b_mode == kModeConstant ? constant_b : y.element[e];
      chosen.element[e] = truth.element[e] != 0 ? left : right;
    }
    a[k].pack(chosen);
  }
  store_all(p.out, p.walk, at, a);
}

}  // namespace

// Kernels are named by the bits of what is moved at once.
#define OKTO_COPY(BITS, RAW)                                                                                 \
  extern "C" __global__ void __launch_bounds__(kThreads) copy_##BITS(const __grid_constant__ CopyParams p) { \
    copy<RAW>(p);                                                                                            \
  }                                                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads) fill_##BITS(const __grid_constant__ FillParams p) { \
    fill<RAW>(p);                                                                                            \
  }

OKTO_COPY(8, unsigned char)
OKTO_COPY(16, unsigned short)
OKTO_COPY(32, unsigned)
OKTO_COPY(64, uint2)
OKTO_COPY(128, uint4)

// By the bits of an element.
#define OKTO_WHERE(BITS, RAW, WIDTH)                                                                           \
  extern "C" __global__ void __launch_bounds__(kThreads) where_##BITS(const __grid_constant__ WhereParams p) { \
    where<RAW, 1>(p);                                                                                          \
  }                                                                                                            \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                       \
      where_##BITS##_vector(const __grid_constant__ WhereParams p) {                                           \
    where<RAW, WIDTH>(p);                                                                                      \
  }

OKTO_WHERE(8, unsigned char, kVector1)
OKTO_WHERE(16, unsigned short, kVector2)
OKTO_WHERE(32, unsigned, kVector4)
OKTO_WHERE(64, unsigned long long, kVector8)
