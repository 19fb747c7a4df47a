// Attention of many queries in float16 or bfloat16: tensor cores, sums in float32, no score leaves the registers.
//
// A block takes some queries of one head, a warp 16 of them or twice 16, and walks over the keys tile by tile: while it
// works on one tile the next is on its way to the other half of shared memory. Maximum and sum of each query's weights
// follow the tiles (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao, "FlashAttention-2",
// 2023). How many queries a block has changes nothing in any query's sums.
#pragma once

#include "attention/fragments.cuh"
#include "attention/params.cuh"

// Tiles in shared memory: rows of D elements. The 16-byte words of a row trade places by the row's number, so that
// eight rows' words of one column lie in different banks.
template <int D>
__device__ __forceinline__ unsigned word_at(int row, int word) {
  const int turn = D % 64 == 0 ? row & 7 : row >> 1 & 3;
  return static_cast<unsigned>(row * D * 2 + (word ^ turn) * 16);
}

// Brings kRows rows of a head into shared memory, zeros where there are no more rows or numbers.
template <typename T, int kRows, int D, int kThreads>
__device__ __forceinline__ void load_tile(unsigned char* to, const T* from, const Place& place, int rows, int width) {
  if (place.vectors) {
    constexpr int kWords = D / 8;
    constexpr int kStep = kThreads / kWords;
    static_assert(kThreads % kWords == 0 && kRows % kStep == 0, "a thread stays in its column");
    const unsigned address = shared_address(to);
    const int word = threadIdx.x % kWords;
    int row = threadIdx.x / kWords;
    if (word * 8 >= width) rows = 0;
    const T* at = from + row * place.row + word * 8;
#pragma unroll
    for (int i = 0; i < kRows / kStep; ++i) {
      copy_vector_or_zero(address + word_at<D>(row, word), row < rows ? at : from, row < rows);
      row += kStep;
      at += kStep * place.row;
    }
  } else {
    // Neighbouring threads read what lies side by side.
    const bool turned = place.column != 1 && place.row == 1;
#pragma unroll 1
    for (int i = threadIdx.x; i < kRows * D; i += kThreads) {
      const int row = turned ? i % kRows : i / D;
      const int column = turned ? i / kRows : i % D;
      const T x = row < rows && column < width ? from[row * place.row + column * place.column] : narrow<T>(0.f);
      reinterpret_cast<T*>(to + word_at<D>(row, column / 8))[column % 8] = x;
    }
  }
}

template <typename T, int D, int kParts, int kWarps>
class Prompt16 {
 public:
  static constexpr int kThreads = kWarps * 32;
  static constexpr int kRows = kWarps * kParts * 16;
  static constexpr int kKeys = D > 128 ? 32 : 64;
  static constexpr int kTileBytes = kKeys * D * 2;
  // Wider queries do not fit in registers beside the sums.
  static constexpr bool kKeepsQuery = D <= 128;
  static constexpr int kQueryBytes = kRows * D * 2;
  static constexpr int kSharedBytes = 4 * kTileBytes + (kKeepsQuery ? 0 : kQueryBytes);
  static_assert(!kKeepsQuery || kQueryBytes <= 2 * kTileBytes, "a query waits where the second tile comes");
  static_assert(kSharedBytes <= 99 * 1024, "what every architecture has");

  __device__ __forceinline__ static void run(const AttentionParams& p, unsigned char* shared) {
    // Where queries see ever more keys, the longest work begins first.
    const int tile = p.tiles - 1 - static_cast<int>(blockIdx.x / static_cast<unsigned>(p.all_heads));
    const int index = static_cast<int>(blockIdx.x % static_cast<unsigned>(p.all_heads));
    const int batch = index / p.heads;
    const int head = index % p.heads;
    const int first_query = tile * kRows;
    const T* keys = head_of(static_cast<const T*>(p.keys), p.key_place, batch, head);
    const T* values = head_of(static_cast<const T*>(p.values), p.value_place, batch, head);
    const T* queries =
        head_of(static_cast<const T*>(p.query), p.query_place, batch, head) + first_query * p.query_place.row;
    const int count = last_key(p, min(first_query + kRows, p.queries) - 1) / kKeys + 1;

    unsigned char* query_tile = shared + (kKeepsQuery ? 2 : 4) * kTileBytes;
    load_tile<T, kRows, D, kThreads>(query_tile, queries, p.query_place, p.queries - first_query, p.width);
    load_keys(p, shared, keys, values, 0);
    KeyBits bits(p, batch);
    bits.ask<kKeys>(0);
    await_copies<0>();
    __syncthreads();

    Prompt16 own(p, first_query, query_tile);
    if (kKeepsQuery) __syncthreads();
    for (int i = 0; i < count; ++i) {
      if (i > 0) {
        // This tile is there, and no warp reads the other any more.
        await_copies<0>();
        __syncthreads();
      }
      if (i + 1 < count) load_keys(p, shared + (i + 1) % 2 * 2 * kTileBytes, keys, values, (i + 1) * kKeys);
      const unsigned long long seen = bits.present() ? bits.take() : ~0ull;
      bits.ask<kKeys>((i + 1) * kKeys);
      own.take(p, shared_address(shared + i % 2 * 2 * kTileBytes), i * kKeys, bits.present(), seen);
    }
    __syncthreads();
    own.finish(p, shared, head_of(static_cast<T*>(p.out), p.out_place, batch, head), first_query);
  }

 private:
  // A lane has, of each 16 rows, the row lane / 4 and the eighth after it, and of each 8 columns two neighbours.
  unsigned query_[kParts][kKeepsQuery ? D / 16 : 1][4];
  float sums_[kParts][D / 8][4];
  float max_[kParts][2];
  float total_[kParts][2];
  int query_number_;  // of the lane's first row
  unsigned query_tile_;

  __device__ __forceinline__ Prompt16(const AttentionParams& p, int first_query, const unsigned char* query_tile) {
    const int lane = threadIdx.x % 32;
    const int first = threadIdx.x / 32 * kParts * 16;
    query_number_ = first_query + first + lane / 4;
    query_tile_ = shared_address(query_tile);
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      if (kKeepsQuery) {
#pragma unroll
        for (int k = 0; k < D / 16; ++k) read_query(query_[part][kKeepsQuery ? k : 0], p, part, k);
      }
#pragma unroll
      for (int n = 0; n < D / 8; ++n) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums_[part][n][e] = 0;
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        max_[part][half] = kNothing;
        total_[part][half] = 0;
      }
    }
  }

  __device__ __forceinline__ void read_query(unsigned (&fragment)[4], const AttentionParams& p, int part, int k) const {
    const int lane = threadIdx.x % 32;
    const int row = (threadIdx.x / 32 * kParts + part) * 16 + lane % 16;
    load_matrices(fragment, query_tile_ + word_at<D>(row, k * 2 + lane / 16));
    if (p.negate) {
#pragma unroll
      for (int e = 0; e < 4; ++e) fragment[e] ^= 0x80008000u;
    }
  }

  __device__ __forceinline__ static void load_keys(const AttentionParams& p, unsigned char* to, const T* keys,
                                                   const T* values, int first) {
    const int rows = p.key_count - first;
    load_tile<T, kKeys, D, kThreads>(to, keys + first * p.key_place.row, p.key_place, rows, p.width);
    load_tile<T, kKeys, D, kThreads>(to + kTileBytes, values + first * p.value_place.row, p.value_place, rows, p.width);
    commit_copies();
  }

  // One tile of keys and values.
  __device__ __forceinline__ void take(const AttentionParams& p, unsigned tile, int first_key, bool masked,
                                       unsigned long long seen) {
    const int lane = threadIdx.x % 32;
    float scores[kParts][kKeys / 8][4] = {};
#pragma unroll
    for (int k = 0; k < D / 16; ++k) {
      if (!kKeepsQuery) {
#pragma unroll
        for (int part = 0; part < kParts; ++part) read_query(query_[part][0], p, part, k);
      }
#pragma unroll
      for (int n = 0; n < kKeys / 16; ++n) {
        unsigned b[4];
        load_matrices(b, tile + word_at<D>(n * 16 + lane / 16 * 8 + lane % 8, k * 2 + lane / 8 % 2));
#pragma unroll
        for (int part = 0; part < kParts; ++part) {
          multiply_add<T>(scores[part][2 * n], query_[part][kKeepsQuery ? k : 0], b[0], b[1]);
          multiply_add<T>(scores[part][2 * n + 1], query_[part][kKeepsQuery ? k : 0], b[2], b[3]);
        }
      }
    }
    hide(p, scores, first_key, masked, seen);
    weigh(p, scores);
    const unsigned values = tile + kTileBytes;
#pragma unroll
    for (int k = 0; k < kKeys / 16; ++k) {
      unsigned a[kParts][4];
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const float* pair = &scores[part][2 * k + e / 2][e % 2 * 2];
          a[part][e] = pack<T>(pair[0], pair[1]);
        }
      }
#pragma unroll
      for (int n = 0; n < D / 16; ++n) {
        unsigned b[4];
        load_matrices_transposed(b, values + word_at<D>(k * 16 + lane % 16, n * 2 + lane / 16));
#pragma unroll
        for (int part = 0; part < kParts; ++part) {
          multiply_add<T>(sums_[part][2 * n], a[part], b[0], b[1]);
          multiply_add<T>(sums_[part][2 * n + 1], a[part], b[2], b[3]);
        }
      }
    }
  }

  // Scores of hidden keys and of keys that a query does not see.
  __device__ __forceinline__ void hide(const AttentionParams& p, float (&scores)[kParts][kKeys / 8][4], int first_key,
                                       bool masked, unsigned long long seen) const {
    const int own = threadIdx.x % 4 * 2;
    if (masked) {
      const unsigned long long bits = seen >> own;
#pragma unroll
      for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          if ((bits >> (n * 8 + e % 2) & 1) == 0) {
#pragma unroll
            for (int part = 0; part < kParts; ++part) scores[part][n][e] = kHidden;
          }
        }
      }
    }
    // The same for all lanes: whether the warp's first query sees the tile's last key.
    const int first_query = query_number_ - static_cast<int>(threadIdx.x % 32 / 4);
    if (first_key + kKeys - 1 <= last_key(p, first_query)) return;
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int last = last_key(p, query_number_ + part * 16 + half * 8) - first_key - own;
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            if (n * 8 + e > last) scores[part][n][half * 2 + e] = kNothing;
          }
        }
      }
    }
  }

  // Turns scores into weights relative to the new maxima, and what was summed with them.
  __device__ __forceinline__ void weigh(const AttentionParams& p, float (&scores)[kParts][kKeys / 8][4]) {
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float max = max_[part][half];
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n) {
          max = fmaxf(max, fmaxf(scores[part][n][half * 2], scores[part][n][half * 2 + 1]));
        }
        max = fmaxf(max, __shfl_xor_sync(0xffffffffu, max, 1));
        max = fmaxf(max, __shfl_xor_sync(0xffffffffu, max, 2));
        // Both products are rounded, so that the factor is exactly 1 where the maximum stays: a tile of which a query
        // sees no key, which only larger blocks come to, changes nothing.
        const float base = __fmul_rn(max, p.scale);
        const float factor = exp2_of(__fmul_rn(max_[part][half], p.scale) - base);
        max_[part][half] = max;
        float even = 0;
        float odd = 0;
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n) {
          float* pair = &scores[part][n][half * 2];
          pair[0] = exp2_of(fmaf(pair[0], p.scale, -base));
          pair[1] = exp2_of(fmaf(pair[1], p.scale, -base));
          even += pair[0];
          odd += pair[1];
        }
        total_[part][half] = fmaf(total_[part][half], factor, even + odd);
#pragma unroll
        for (int n = 0; n < D / 8; ++n) {
          sums_[part][n][half * 2] *= factor;
          sums_[part][n][half * 2 + 1] *= factor;
        }
      }
    }
  }

  // Writes the results by way of shared memory, in whole words.
  __device__ __forceinline__ void finish(const AttentionParams& p, unsigned char* shared, T* out, int first_query) {
    const int lane = threadIdx.x % 32;
    const int first = threadIdx.x / 32 * kParts * 16;
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float total = total_[part][half];
        total += __shfl_xor_sync(0xffffffffu, total, 1);
        total += __shfl_xor_sync(0xffffffffu, total, 2);
        const float factor = 1 / total;
        const int row = first + part * 16 + half * 8 + lane / 4;
#pragma unroll
        for (int n = 0; n < D / 8; ++n) {
          const float* pair = &sums_[part][n][half * 2];
          *reinterpret_cast<unsigned*>(shared + word_at<D>(row, n) + lane % 4 * 4) =
              pack<T>(pair[0] * factor, pair[1] * factor);
        }
      }
    }
    __syncwarp();
    const int rows = min(first + kParts * 16, p.queries - first_query);
    if (p.out_place.vectors) {
      for (int i = lane; i < kParts * 16 * (D / 8); i += 32) {
        const int row = first + i / (D / 8);
        const int word = i % (D / 8);
        if (row < rows && word * 8 < p.width) {
          *reinterpret_cast<uint4*>(out + (first_query + row) * p.out_place.row + word * 8) =
              *reinterpret_cast<const uint4*>(shared + word_at<D>(row, word));
        }
      }
    } else {
      for (int i = lane; i < kParts * 16 * D; i += 32) {
        const int row = first + i / D;
        const int column = i % D;
        if (row < rows && column < p.width) {
          out[(first_query + row) * p.out_place.row + column * p.out_place.column] =
              reinterpret_cast<const T*>(shared + word_at<D>(row, column / 8))[column % 8];
        }
      }
    }
  }
};

// Shared memory by width and by queries of a block.
constexpr int kSharedD32Q32 = 16384;
constexpr int kSharedD32Q64 = 16384;
constexpr int kSharedD64Q32 = 32768;
constexpr int kSharedD64Q64 = 32768;
constexpr int kSharedD64Q128 = 32768;
constexpr int kSharedD128Q32 = 65536;
constexpr int kSharedD128Q64 = 65536;
constexpr int kSharedD128Q128 = 65536;
constexpr int kSharedD256Q32 = 81920;
constexpr int kSharedD256Q64 = 98304;

extern __shared__ __align__(128) unsigned char shared[];

// Kernels are named by type, width and queries of a block.
#define PROMPT16(T, width, rows, parts, warps)                                                                        \
  extern "C" __global__ void __launch_bounds__(warps * 32)                                                            \
      attention_##T##_d##width##_q##rows(const __grid_constant__ AttentionParams p) {                                 \
    using Kernel = Prompt16<T, width, parts, warps>;                                                                  \
    static_assert(Kernel::kRows == rows && Kernel::kSharedBytes == kSharedD##width##Q##rows, "as the names say");     \
    Kernel::run(p, shared);                                                                                           \
  }

#define PROMPTS16(T)               \
  PROMPT16(T, 32, 32, 1, 2)        \
  PROMPT16(T, 32, 64, 1, 4)        \
  PROMPT16(T, 64, 32, 1, 2)        \
  PROMPT16(T, 64, 64, 1, 4)        \
  PROMPT16(T, 64, 128, 2, 4)       \
  PROMPT16(T, 128, 32, 1, 2)       \
  PROMPT16(T, 128, 64, 1, 4)       \
  PROMPT16(T, 128, 128, 1, 8)      \
  PROMPT16(T, 256, 32, 1, 2)       \
  PROMPT16(T, 256, 64, 1, 4)
