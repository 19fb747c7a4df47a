// What a step of one column does not read from memory as others do: queries, with the newest keys and values, which
// come as words, and the parameters of norms, which are in shared memory.
#pragma once

#include "gpt2/attend.cuh"
#include "gpt2/norm.cuh"
#include "gpt2/words.cuh"

// A head's query, and with it perhaps the newest key and value, as words.
template <typename T>
struct ArrivingQuery {
  static constexpr int E = 16 / sizeof(T);

  const unsigned* query;  // the key is `width` words further on, and the value once more
  int width;
  int newest;  // which of the warp's keys is the newest; -1 if none of them
  uint4 key;
  uint4 value;

  __device__ __forceinline__ int cached(int count) const { return newest < 0 ? count : newest; }

  __device__ __forceinline__ void receive(float (&q)[E], int first, bool inside) {
    uint4 words[3 * E / 4];
    receive_words(words, !inside ? 0 : newest < 0 ? E / 4 : 3 * E / 4,
                  [&](int i) { return query + first + i / (E / 4) * width + i % (E / 4) * 4; });
    float own[3][E];
#pragma unroll
    for (int i = 0; i < 3 * E / 4; ++i) {
      const float4 four = floats_of(words[i]);
      own[i * 4 / E][i * 4 % E] = four.x;
      own[i * 4 / E][i * 4 % E + 1] = four.y;
      own[i * 4 / E][i * 4 % E + 2] = four.z;
      own[i * 4 / E][i * 4 % E + 3] = four.w;
    }
    Vector<T, E> k, v;
#pragma unroll
    for (int e = 0; e < E; ++e) {
      q[e] = inside ? own[0][e] : 0.f;
      k.element[e] = narrow<T>(inside ? own[1][e] : 0.f);
      v.element[e] = narrow<T>(inside ? own[2][e] : 0.f);
    }
    key = *reinterpret_cast<const uint4*>(&k);
    value = *reinterpret_cast<const uint4*>(&v);
  }

  __device__ __forceinline__ void complete(uint4 (&rows)[8], bool values) const {
    const int group = threadIdx.x % 32 / kLaneGroup;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (i * 4 + group == newest) rows[i] = values ? value : key;
    }
  }
};

// A norm's parameters in shared memory.
struct BroughtAffine {
  const float4* gains;
  int vectors;

  __device__ __forceinline__ float4 gain(int j) const { return at(0, j); }
  __device__ __forceinline__ float4 shift(int j) const { return at(1, j); }
  __device__ __forceinline__ float4 bias(int j) const { return at(2, j); }

 private:
  __device__ __forceinline__ float4 at(int which, int j) const {
    return gains[which * vectors + threadIdx.x + j * kBlockThreads];
  }
};
