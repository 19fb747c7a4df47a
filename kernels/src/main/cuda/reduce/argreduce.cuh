// Where along an axis the largest or smallest element lies: the first among equals, NaN counting as either, zeros of
// both signs equal. Threads share the elements as in reduce/reduce.cuh; a part is a key and an index.
#pragma once

#include "reduce/numbers.cuh"
#include "reduce/walk.cuh"

constexpr int kArgReduceThreads = 256;
constexpr int kVectorBytes = 16;

struct ArgReduceParams {
  const void* in;
  i64* out;              // indices
  i64* keys;             // of parts, where their indices are in out; null for results
  const i64* positions;  // when parts are reduced: the index that belongs to each element of in, else null
  Indexer<2> kept;       // where each output's elements begin, and its own place; across: in steps of vectors
  long long stride;      // elements of in from one step along the axis to the next; along: a vector is a step
  long long first;       // the index of the first element
  long long part;        // elements of out from one chunk's part to the next
  long long step;        // across: elements of out from one output of a vector to the next
  int smallest;          // 1, or 0 for largest
  int lanes;             // log2 of the threads that share an output (along) or stand side by side (across)
  unsigned length;       // steps along the axis
  unsigned chunk;        // of them, those that a block takes
};

// As key_of, but for equal zeros.
template <typename K, typename W>
__device__ __forceinline__ K rank_of(W x, K mask) {
  return key_of(x + W(0), mask);
}

template <typename K>
struct Best {
  K key;
  unsigned index;

  __device__ __forceinline__ void meet(K other_key, unsigned other_index) {
    if (other_key > key || (other_key == key && other_index < index)) {
      key = other_key;
      index = other_index;
    }
  }
};

template <typename T, int V, bool kAcross>
__device__ __forceinline__ void arg_reduce(const ArgReduceParams& p) {
  using K = Key<T>;
  using Load = Vector<T, V>;
  constexpr int U = V == 1 ? 8 : V >= 16 ? 2 : 4;  // loads in flight
  constexpr int kOutputs = kAcross ? V : 1;
  __shared__ K keys[kOutputs][kArgReduceThreads];
  __shared__ unsigned indices[kOutputs][kArgReduceThreads];

  // Threads t and t + distance share an output for every distance that is a power of two from low to high.
  const unsigned thread = threadIdx.x;
  const unsigned lanes = 1u << p.lanes;
  const unsigned beside = thread & (lanes - 1);
  const unsigned behind = thread >> p.lanes;
  const unsigned sharing = kAcross ? kArgReduceThreads >> p.lanes : lanes;
  const unsigned low = kAcross ? lanes : 1;
  const unsigned high = kAcross ? kArgReduceThreads / 2 : lanes / 2;
  const unsigned lane = kAcross ? behind : beside;
  const i64 output = kAcross ? (static_cast<i64>(blockIdx.x) << p.lanes) + beside
                             : static_cast<i64>(blockIdx.x) * (kArgReduceThreads >> p.lanes) + behind;
  const unsigned begin = blockIdx.y * p.chunk;
  const unsigned end = begin + min(p.chunk, p.length - begin);
  const bool active = output < p.kept.count;
  const K mask = p.smallest != 0 ? -1 : 0;

  // A thread meets its elements in order, so that only a larger one can replace the first: it stands for the first
  // from the beginning, with a key that no other is below.
  Best<K> best[kOutputs];
  const unsigned own = active && begin + lane < end ? (begin + lane) * (kAcross ? 1 : V) : ~0u;
#pragma unroll
  for (int o = 0; o < kOutputs; ++o) {
    best[o].key = kSmallestKey<K>;
    best[o].index = own;
  }
  auto look = [&](const Load& x, unsigned i) {
#pragma unroll
    for (int v = 0; v < V; ++v) {
      Best<K>& one = best[kAcross ? v : 0];
      const K key = rank_of(widen(x.element[v]), mask);
      if (key > one.key) one = {key, kAcross ? i : i * V + v};
    }
  };
  i64 at[2] = {0, 0};
  if (active) {
    locate(p.kept, static_cast<unsigned>(output), at);
    const T* in = static_cast<const T*>(p.in) + at[0];
    unsigned i = begin + lane;
    for (; i + (U - 1) * sharing < end; i += U * sharing) {
      Load x[U];
#pragma unroll
      for (int u = 0; u < U; ++u) x[u] = *reinterpret_cast<const Load*>(in + (i + u * sharing) * p.stride);
#pragma unroll
      for (int u = 0; u < U; ++u) look(x[u], i + u * sharing);
    }
    for (; i < end; i += sharing) look(*reinterpret_cast<const Load*>(in + i * p.stride), i);
  }

  unsigned distance = high;
  for (; distance >= low && distance >= 32; distance /= 2) {
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
      keys[o][thread] = best[o].key;
      indices[o][thread] = best[o].index;
    }
    __syncthreads();
    if ((thread & distance) == 0) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) best[o].meet(keys[o][thread + distance], indices[o][thread + distance]);
    }
    __syncthreads();
  }
  for (; distance >= low && distance > 0; distance /= 2) {
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
      const K key = __shfl_down_sync(0xffffffffu, best[o].key, distance);
      const unsigned index = __shfl_down_sync(0xffffffffu, best[o].index, distance);
      best[o].meet(key, index);
    }
  }
  if (!active || lane != 0) return;
#pragma unroll
  for (int o = 0; o < kOutputs; ++o) {
    const i64 to = at[1] + blockIdx.y * p.part + o * p.step;
    if (p.positions != nullptr) {
      const unsigned index = best[o].index;
      p.out[to] = p.positions[at[0] + (kAcross ? index * p.stride + o : index / V * p.stride + index % V)];
    } else {
      p.out[to] = p.first + best[o].index;
      if (p.keys != nullptr) p.keys[to] = best[o].key;
    }
  }
}

#define OKTO_ARG_REDUCE_KERNEL(NAME, T, V, ACROSS)                  \
  extern "C" __global__ void __launch_bounds__(kArgReduceThreads)   \
      argreduce_##NAME(const __grid_constant__ ArgReduceParams p) { \
    arg_reduce<T, V, ACROSS>(p);                                    \
  }

// Four kernels for an element type.
#define OKTO_ARG_REDUCE_KERNELS(T)                                                 \
  OKTO_ARG_REDUCE_KERNEL(T##_along, T, 1, false)                                   \
  OKTO_ARG_REDUCE_KERNEL(T##_along_vector, T, kVectorBytes / sizeof(T), false)     \
  OKTO_ARG_REDUCE_KERNEL(T##_across, T, 1, true)                                   \
  OKTO_ARG_REDUCE_KERNEL(T##_across_vector, T, kVectorBytes / sizeof(T), true)
