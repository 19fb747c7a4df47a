// What the elementwise kernels share: where a thread's elements lie, and how it reads and writes them.
//
// A group is so many neighbours along the walk's last axis that are read and written by one instruction. Each thread
// has one or more of them, a block apart, and loads all before it looks at any. An output may be the same view as an
// input: what a thread computes with is never written by another, and no pointer is promised to be alone.
#pragma once

#include "common/index.cuh"
#include "common/types.cuh"

constexpr int kThreads = 256;
// Groups a thread, but for the vector kernels below.
constexpr int kGroups = 2;

// Neighbours in a group of the vector kernels, by the bytes of an element. Elements of one byte come in 8, not 16:
// they are computed one by one, and twice the code would buy nothing.
constexpr int kVector1 = 8;
constexpr int kVector2 = 8;
constexpr int kVector4 = 4;
constexpr int kVector8 = 2;
template <typename T>
constexpr int kVector = sizeof(T) == 1 ? kVector1 : sizeof(T) == 2 ? kVector2 : sizeof(T) == 4 ? kVector4 : kVector8;

// What each operand gives to a thread of the unary, binary and predicate kernels for vectors, in one group or more.
// Twice as much would only make a small array's few threads work longer.
constexpr int kVectorBytes = 16;
template <typename T>
constexpr int kVectorGroups = kVectorBytes / (kVector<T> * static_cast<int>(sizeof(T)));

// What an operand gives to a group: one number for the whole walk, one element for the group, or one for each place.
constexpr int kModeConstant = 0;
constexpr int kModeRepeated = 1;
constexpr int kModeEach = 2;

template <int Bytes>
struct Raw;
template <>
struct Raw<1> {
  using type = unsigned char;
};
template <>
struct Raw<2> {
  using type = unsigned short;
};
template <>
struct Raw<4> {
  using type = unsigned;
};
template <>
struct Raw<8> {
  using type = uint2;
};
template <>
struct Raw<16> {
  using type = uint4;
};

// Makes the compiler forget where a value came from, so that it takes it apart here and not right behind the load.
__device__ __forceinline__ void hold(unsigned& x) { asm volatile("" : "+r"(x)); }
__device__ __forceinline__ void hold(uint2& x) { hold(x.x), hold(x.y); }
__device__ __forceinline__ void hold(uint4& x) { hold(x.x), hold(x.y), hold(x.z), hold(x.w); }
__device__ __forceinline__ void hold(unsigned short&) {}
__device__ __forceinline__ void hold(unsigned char&) {}

// V neighbours as they lie in memory, in pieces of at most 16 bytes. They are taken apart only when all loads of a
// thread are under way: to extract an element is to wait for it.
template <typename T, int V>
struct Group {
  static constexpr int kBytes = sizeof(T) * V;
  using Piece = typename Raw<(kBytes < 16 ? kBytes : 16)>::type;
  static constexpr int kPieces = kBytes / sizeof(Piece);

  Piece piece[kPieces];

  __device__ __forceinline__ void load(const void* from, i64 at) {
    const Piece* pieces = reinterpret_cast<const Piece*>(static_cast<const T*>(from) + at);
#pragma unroll
    for (int i = 0; i < kPieces; ++i) piece[i] = pieces[i];
  }

  __device__ __forceinline__ void store(void* to, i64 at) const {
    Piece* pieces = reinterpret_cast<Piece*>(static_cast<T*>(to) + at);
#pragma unroll
    for (int i = 0; i < kPieces; ++i) pieces[i] = piece[i];
  }

  __device__ __forceinline__ Vector<T, V> unpack() const {
    Vector<T, V> vector;
#pragma unroll
    for (int i = 0; i < kPieces; ++i) {
      Piece held = piece[i];
      hold(held);
      memcpy(reinterpret_cast<char*>(&vector) + i * sizeof(Piece), &held, sizeof(Piece));
    }
    return vector;
  }

  __device__ __forceinline__ void pack(const Vector<T, V>& vector) {
#pragma unroll
    for (int i = 0; i < kPieces; ++i) {
      memcpy(&piece[i], reinterpret_cast<const char*>(&vector) + i * sizeof(Piece), sizeof(Piece));
    }
  }
};

// The number of a thread's k-th group.
template <int Groups>
__device__ __forceinline__ unsigned group_number(int k) {
  return blockIdx.x * (kThreads * Groups) + k * kThreads + threadIdx.x;
}

// Where group i lies in each tensor. Most walks have one axis.
template <int N>
__device__ __forceinline__ void locate(const Indexer<N>& walk, unsigned i, i64 (&at)[N]) {
  if (walk.rank > 1) {
    walk.offsets(i, at);
    return;
  }
#pragma unroll
  for (int t = 0; t < N; ++t) at[t] = i * walk.stride[t][0];
}

// Where all of a thread's groups lie. Behind the last group that there is, the last one again: loading it does no harm,
// and loads without conditions are all issued at once.
template <int N, int Groups>
__device__ __forceinline__ void locate_all(const Indexer<N>& walk, i64 (&at)[Groups][N]) {
#pragma unroll
  for (int k = 0; k < Groups; ++k) locate(walk, min(group_number<Groups>(k), walk.count - 1), at[k]);
}

// Reads tensor t of a walk at all of a thread's groups.
template <typename T, int V, int N, int Groups>
__device__ __forceinline__ void load_all(const void* from, int mode, int t, const i64 (&at)[Groups][N],
                                         Group<T, V> (&group)[Groups]) {
  if (V == 1 ? mode != kModeConstant : mode == kModeEach) {
#pragma unroll
    for (int k = 0; k < Groups; ++k) group[k].load(from, at[k][t]);
  } else if (mode == kModeRepeated) {
    T element[Groups];
#pragma unroll
    for (int k = 0; k < Groups; ++k) element[k] = static_cast<const T*>(from)[at[k][t]];
#pragma unroll
    for (int k = 0; k < Groups; ++k) {
      Vector<T, V> vector;
#pragma unroll
      for (int e = 0; e < V; ++e) vector.element[e] = element[k];
      group[k].pack(vector);
    }
  }
}

// Writes the first tensor of a walk at those of a thread's groups that exist.
template <typename T, int V, int N, int Groups>
__device__ __forceinline__ void store_all(void* to, const Indexer<N>& walk, const i64 (&at)[Groups][N],
                                          const Group<T, V> (&group)[Groups]) {
#pragma unroll
  for (int k = 0; k < Groups; ++k) {
    if (group_number<Groups>(k) < walk.count) group[k].store(to, at[k][0]);
  }
}

// An operand: a tensor, or without data one number, of which integers read the integral form.
struct Source {
  const void* data;
  double real;
  i64 integral;
};

template <typename W>
__device__ __forceinline__ W constant_of(const Source& source) {
  return static_cast<W>(source.real);
}
template <>
__device__ __forceinline__ i64 constant_of<i64>(const Source& source) {
  return source.integral;
}
