// Layer norm of rows as long as a vocabulary: a cluster of blocks keeps a row in registers, and scales and shifts in
// shared memory for all the rows that it walks over. So memory is read once, and the L2 cache need not give every row
// scales and shifts as long as the row itself. Several clusters take turns on a multiprocessor.
#pragma once

#include <cooperative_groups.h>

#include "common/ptx.cuh"
#include "norm/layernorm.cuh"

constexpr int kClusterThreads = 256;
// Blocks that a multiprocessor should have at a time.
constexpr int kClusterBlocksAtATime = 4;
// 16-byte vectors that a thread keeps.
constexpr int kClusterVectors = 7;
// Blocks of a cluster.
template <typename T>
constexpr int kClusterBlocks = kIsHalf<T> ? 4 : 8;
constexpr int kLineWords = kLineBytes / sizeof(Words);

// A vector's worth of a parameter, wherever its first element lies. Only words that are all the parameter's are read.
template <typename T>
__device__ __forceinline__ Words parameter_words(const T* parameter, int first, int count) {
  constexpr int V = kVector<T>;
  const T* at = parameter + first;
  const unsigned apart = static_cast<unsigned>(reinterpret_cast<unsigned long long>(at) % 16);
  if (apart == 0 || (first >= V && first + 2 * V <= count)) {
    const Words* word = reinterpret_cast<const Words*>(reinterpret_cast<const char*>(at) - apart);
    const Words low = read_only(word);
    return apart == 0 ? low : shifted(low, read_only(word + 1), apart);
  }
  Wide<T> values[V];
#pragma unroll
  for (int e = 0; e < V; ++e) values[e] = widen(at[e]);
  return packed<T>(values);
}

// A barrier of a block that is passed when so many bytes have come from the cluster.
struct Arrivals {
  unsigned long long barrier;

  __device__ __forceinline__ void begin() {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" : : "r"(shared_address(&barrier)) : "memory");
  }

  // By one thread, once for each wait.
  __device__ __forceinline__ void expect(int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                 :
                 : "r"(shared_address(&barrier)), "r"(bytes)
                 : "memory");
  }

  __device__ __forceinline__ void wait(int parity) {
    int done = 0;
    while (!done) {
      asm volatile(
          "{\n"
          ".reg .pred p;\n"
          "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2;\n"
          "selp.b32 %0, 1, 0, p;\n"
          "}\n"
          : "=r"(done)
          : "r"(shared_address(&barrier)), "r"(parity)
          : "memory");
    }
  }
};

// A warp's numbers: how many, their mean, and the sum of their squared distances from it.
struct alignas(16) Part {
  float count;
  float mean;
  float squares;
  float unused;
};

// Sends a part to the same place in another block's shared memory, and tells its barrier.
__device__ __forceinline__ void send(Part* place, Part part, Arrivals* arrivals, int block) {
  asm volatile(
      "{\n"
      ".reg .b32 place, barrier;\n"
      "mapa.shared::cluster.u32 place, %0, %5;\n"
      "mapa.shared::cluster.u32 barrier, %1, %5;\n"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [place], {%2, %3, %4, %4}, [barrier];\n"
      "}\n"
      :
      : "r"(shared_address(place)), "r"(shared_address(arrivals)), "f"(part.count),
        "f"(part.mean), "f"(part.squares), "r"(block)
      : "memory");
}

template <typename W>
__device__ __forceinline__ W warp_sum(W value) {
  W values[1] = {value};
  across_lanes<Sum>(values, 32);
  return values[0];
}

// Rows have no gaps, and lie in 16-byte words alike in input and output, as do all rows of a cluster. Scales and shifts
// are of the rows' type. `slice` is how many whole vectors a block has; the last block may have fewer, but one for
// every thread at least. The numbers before a row's first whole vector and after its last are the first block's, one a
// thread.
//
// Mean and variance take one pass and one exchange. A warp sums the distances from the mean of its first vectors, and
// their squares: nothing cancels, as in layernorm_plain. Then all warps of the cluster tell all blocks their moments,
// which every warp combines in the same order. These messages, unlike a barrier of the cluster, need not wait until the
// results of the row before have been written.
template <typename T>
__device__ __forceinline__ void layernorm_cluster(const LayerNormParams& p) {
  constexpr int V = kVector<T>;
  constexpr int N = kClusterVectors;
  constexpr int B = kClusterBlocks<T>;
  constexpr int kWarps = kClusterThreads / 32;
  constexpr int kParts = B * kWarps;
  constexpr int kChains = 4;
  static_assert(kParts % 32 == 0, "lanes combine the same number of parts");
  extern __shared__ Words parameters[];
  // Those of this row and of the one before, which slower warps may still read.
  __shared__ Part moments[2][kParts];
  __shared__ Arrivals arrivals[2];
  __shared__ float extras[2][2 * V];
  const auto cluster = cooperative_groups::this_cluster();
  const int block = static_cast<int>(cluster.block_rank());
  const unsigned clusters = gridDim.x / B;
  const int rank = static_cast<int>(threadIdx.x);
  const int lane = rank % 32;
  unsigned row = blockIdx.x / B;
  long long offset[2];
  p.rows.offsets(row, offset);
  const T* in = static_cast<const T*>(p.in) + offset[1];
  T* out = static_cast<T*>(p.out) + offset[0];

  const int head = (V - phase(in)) % V;
  const int whole = (p.count - head) / V;
  const int tail = p.count - head - whole * V;
  const unsigned own = min(p.slice, whole - block * p.slice);
  const int first = head + block * p.slice * V;
  int extra_at = -1;
  if (block == 0 && rank < head + tail) extra_at = rank < head ? rank : p.count - tail + rank - head;
  const bool has_extra = extra_at >= 0;

  Words* const gammas = parameters;
  Words* const betas = gammas + p.slice;
  Held<N> x;
  T extra{};
  int mine = 0;
  const auto fetch = [&](const T* from) {
    const Words* words = reinterpret_cast<const Words*>(from + first);
    mine = rank - static_cast<int>(reinterpret_cast<unsigned long long>(words) / sizeof(Words) % kLineWords);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (j >= p.vectors) break;
      const int i = mine + j * kClusterThreads;
      x[j] = static_cast<unsigned>(i) < own ? words[i] : Words{};
    }
    if (has_extra) extra = from[extra_at];
  };
  fetch(in);
  const T* gamma = static_cast<const T*>(p.gamma.at);
  const T* beta = static_cast<const T*>(p.beta.at);
#pragma unroll 2
  for (unsigned i = rank; i < own; i += kClusterThreads) {
    gammas[i] = parameter_words(gamma, first + static_cast<int>(i) * V, p.count);
    betas[i] = parameter_words(beta, first + static_cast<int>(i) * V, p.count);
  }
  if (has_extra) {
    extras[0][rank] = widen(gamma[extra_at]);
    extras[1][rank] = widen(beta[extra_at]);
  }
  const float per_count = 1 / static_cast<float>(p.count);
  if (rank == 0) {
    arrivals[0].begin();
    arrivals[1].begin();
    asm volatile("fence.mbarrier_init.release.cluster;" : : : "memory");
  }
  // Nobody sends to a block that has not begun.
  cluster.sync();

#pragma unroll 1
  for (int turn = 0;; ++turn) {
    const int parity = turn % 2;
    if (rank == 0) arrivals[parity].expect(sizeof(moments[0]));
    float values[V];
    spread<T>(x[0], values);
    // Of the first warp's threads some begin before the block's first vector.
    const float origin = warp_sum(total<T>(values)) / static_cast<float>(V * (32 + min(0, mine - lane)));
    float distances[kChains] = {has_extra ? widen(extra) - origin : 0.0f};
    float products[kChains] = {distances[0] * distances[0]};
    int number = has_extra ? 1 : 0;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (j >= p.vectors) break;
      if (static_cast<unsigned>(mine + j * kClusterThreads) < own) {
        number += V;
        spread<T>(x[j], values);
#pragma unroll
        for (int e = 0; e < V; ++e) {
          const float distance = values[e] - origin;
          distances[e % kChains] += distance;
          products[e % kChains] += distance * distance;
        }
      }
    }
    float sum[2] = {(distances[0] + distances[1]) + (distances[2] + distances[3]),
                    (products[0] + products[1]) + (products[2] + products[3])};
    across_lanes<Sum>(sum, 32);
    const float count = static_cast<float>(__reduce_add_sync(0xffffffffu, number));
    if (lane < B) {
      const float rest = sum[0] / count;
      send(&moments[parity][block * kWarps + rank / 32], {count, origin + rest, around_mean(sum[1], sum[0] * rest), 0},
           &arrivals[parity], lane);
    }
    arrivals[parity].wait(turn / 2 % 2);
    // Relative to one of the means, so that nothing is rounded where they are the same.
    const float near = moments[parity][0].mean;
    float mean = 0;
#pragma unroll
    for (int k = lane; k < kParts; k += 32) {
      const Part part = moments[parity][k];
      mean += part.count * per_count * (part.mean - near);
    }
    mean = near + warp_sum(mean);
    float squares = 0;
#pragma unroll
    for (int k = lane; k < kParts; k += 32) {
      const Part part = moments[parity][k];
      const float distance = part.mean - mean;
      squares += part.squares + distance * distance * part.count;
    }
    const float factor = factor_of(warp_sum(squares) * per_count, p.epsilon);

#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (j >= p.vectors) break;
      const int i = mine + j * kClusterThreads;
      if (static_cast<unsigned>(i) < own) {
        float scale[V], shift[V];
        spread<T>(x[j], values);
        spread<T>(gammas[i], scale);
        spread<T>(betas[i], shift);
#pragma unroll
        for (int e = 0; e < V; ++e) values[e] = fmaf((values[e] - mean) * factor, scale[e], shift[e]);
        reinterpret_cast<Words*>(out + first)[i] = packed<T>(values);
      }
    }
    if (has_extra) {
      out[extra_at] = narrow<T>(fmaf((widen(extra) - mean) * factor, extras[0][rank], extras[1][rank]));
    }
    if (p.rows.count - row <= clusters) break;
    row += clusters;
    p.rows.offsets(row, offset);
    fetch(static_cast<const T*>(p.in) + offset[1]);
    out = static_cast<T*>(p.out) + offset[0];
  }
}
