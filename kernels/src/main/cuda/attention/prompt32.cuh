// Attention of many queries in float32, every product rounded as float32: no tensor cores.
//
// A block of 128 threads takes 8 * R queries of one head and walks over the keys tile by tile. Sixteen threads share R
// queries: each has the scores of every sixteenth key and four of every 64 numbers of the sums. Weights pass from one
// to the other through shared memory. How many queries a block has changes nothing in any query's sums.
#pragma once

#include "attention/fragments.cuh"
#include "attention/params.cuh"

constexpr int kPrompt32Threads = 128;

template <int D, int R, int kKeys>
class Prompt32 {
 public:
  static constexpr int kRows = 8 * R;
  // One 16-byte word beyond the numbers, so that neighbouring rows begin in different banks.
  static constexpr int kPitch = D + 4;
  static constexpr int kWeightPitch = kKeys + 4;
  static constexpr int kUnroll = R < 4 ? 2 : 1;
  static constexpr int kSharedBytes = ((kRows + 2 * kKeys) * kPitch + kRows * kWeightPitch) * 4;
  static_assert(kSharedBytes <= 99 * 1024, "what every architecture has");

  __device__ __forceinline__ static void run(const AttentionParams& p, float* shared) {
    // Where queries see ever more keys, the longest work begins first.
    const int tile = p.tiles - 1 - static_cast<int>(blockIdx.x / static_cast<unsigned>(p.all_heads));
    const int index = static_cast<int>(blockIdx.x % static_cast<unsigned>(p.all_heads));
    const int batch = index / p.heads;
    const int head = index % p.heads;
    const int first_query = tile * kRows;
    const float* keys = head_of(static_cast<const float*>(p.keys), p.key_place, batch, head);
    const float* values = head_of(static_cast<const float*>(p.values), p.value_place, batch, head);
    const float* queries =
        head_of(static_cast<const float*>(p.query), p.query_place, batch, head) + first_query * p.query_place.row;
    const int count = last_key(p, min(first_query + kRows, p.queries) - 1) / kKeys + 1;

    float* query_tile = shared;
    float* key_tile = query_tile + kRows * kPitch;
    float* value_tile = key_tile + kKeys * kPitch;
    float* weight_tile = value_tile + kKeys * kPitch;
    load_tile<kRows>(query_tile, queries, p.query_place, p.queries - first_query, p.width);
    load_tile<kKeys>(key_tile, keys, p.key_place, p.key_count, p.width);
    commit_copies();
    load_tile<kKeys>(value_tile, values, p.value_place, p.key_count, p.width);
    commit_copies();
    KeyBits bits(p, batch);
    bits.ask<kKeys>(0);

    Prompt32 own(first_query);
    for (int i = 0; i < count; ++i) {
      const int next = (i + 1) * kKeys;
      // The keys are there; the values may still be under way.
      await_copies<1>();
      __syncthreads();
      const unsigned long long seen = bits.present() ? bits.take() : ~0ull;
      bits.ask<kKeys>(next);
      float scores[R][kKeys / 16];
      own.score(query_tile, key_tile, scores);
      __syncthreads();
      if (i + 1 < count) {
        load_tile<kKeys>(key_tile, keys + next * p.key_place.row, p.key_place, p.key_count - next, p.width);
      }
      commit_copies();
      own.hide(p, i * kKeys, seen, scores);
      own.weigh(weight_tile, scores);
      // The values are there; the next keys may still be under way.
      await_copies<1>();
      __syncthreads();
      own.add(weight_tile, value_tile);
      __syncthreads();
      if (i + 1 < count) {
        load_tile<kKeys>(value_tile, values + next * p.value_place.row, p.value_place, p.key_count - next, p.width);
      }
      commit_copies();
    }
    await_copies<0>();
    own.finish(p, head_of(static_cast<float*>(p.out), p.out_place, batch, head));
  }

 private:
  float sums_[R][D / 64][4];
  float max_[R];
  float total_[R];
  int row_;     // the thread's first query in the tile
  int column_;  // of sixteen
  int first_query_;

  __device__ __forceinline__ explicit Prompt32(int first_query)
      : row_(threadIdx.x / 16 * R), column_(threadIdx.x % 16), first_query_(first_query) {
#pragma unroll
    for (int r = 0; r < R; ++r) {
      max_[r] = kNothing;
      total_[r] = 0;
#pragma unroll
      for (int d = 0; d < D / 64; ++d) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums_[r][d][e] = 0;
      }
    }
  }

  // Brings N rows of a head into shared memory, zeros where there are no more rows or numbers.
  template <int N>
  __device__ __forceinline__ static void load_tile(float* to, const float* from, const Place& place, int rows,
                                                   int width) {
    if (place.vectors) {
      constexpr int kWords = D / 4;
      constexpr int kStep = kPrompt32Threads / kWords;
      static_assert(kPrompt32Threads % kWords == 0 && N % kStep == 0, "a thread stays in its column");
      const int word = threadIdx.x % kWords;
      int row = threadIdx.x / kWords;
      if (word * 4 >= width) rows = 0;
      const float* at = from + row * place.row + word * 4;
      const unsigned address = shared_address(to + row * kPitch + word * 4);
#pragma unroll
      for (int i = 0; i < N / kStep; ++i) {
        copy_vector_or_zero(address + i * kStep * kPitch * 4, row < rows ? at : from, row < rows);
        row += kStep;
        at += kStep * place.row;
      }
    } else {
      // Neighbouring threads read what lies side by side.
      const bool turned = place.column != 1 && place.row == 1;
#pragma unroll 1
      for (int i = threadIdx.x; i < N * D; i += kPrompt32Threads) {
        const int row = turned ? i % N : i / D;
        const int column = turned ? i / N : i % D;
        to[row * kPitch + column] =
            row < rows && column < width ? from[row * place.row + column * place.column] : 0.f;
      }
    }
  }

  __device__ __forceinline__ static float4 word(const float* at) { return *reinterpret_cast<const float4*>(at); }

  __device__ __forceinline__ void score(const float* query_tile, const float* key_tile,
                                        float (&scores)[R][kKeys / 16]) const {
#pragma unroll
    for (int r = 0; r < R; ++r) {
#pragma unroll
      for (int k = 0; k < kKeys / 16; ++k) scores[r][k] = 0;
    }
    const float* query = query_tile + row_ * kPitch;
    const float* key = key_tile + column_ * kPitch;
#pragma unroll kUnroll
    for (int d = 0; d < D; d += 4) {
      float4 q[R];
#pragma unroll
      for (int r = 0; r < R; ++r) q[r] = word(query + r * kPitch + d);
#pragma unroll
      for (int k = 0; k < kKeys / 16; ++k) {
        const float4 x = word(key + k * 16 * kPitch + d);
#pragma unroll
        for (int r = 0; r < R; ++r) {
          float& s = scores[r][k];
          s = fmaf(q[r].x, x.x, s);
          s = fmaf(q[r].y, x.y, s);
          s = fmaf(q[r].z, x.z, s);
          s = fmaf(q[r].w, x.w, s);
        }
      }
    }
  }

  // Scales the scores; those of hidden keys and of keys that a query does not see become what they are.
  __device__ __forceinline__ void hide(const AttentionParams& p, int first_key, unsigned long long seen,
                                       float (&scores)[R][kKeys / 16]) const {
    const unsigned long long bits = seen >> column_;
#pragma unroll
    for (int r = 0; r < R; ++r) {
      const int last = last_key(p, first_query_ + row_ + r) - first_key - column_;
#pragma unroll
      for (int k = 0; k < kKeys / 16; ++k) {
        // Rounded here and never fused with what follows, so that all variants get the same bits.
        const float scaled = __fmul_rn(scores[r][k], p.scale);
        const float shown = (bits >> k * 16 & 1) != 0 ? scaled : kHidden;
        scores[r][k] = k * 16 <= last ? shown : kNothing;
      }
    }
  }

  // Turns scores into weights relative to the new maxima, and what was summed with them.
  __device__ __forceinline__ void weigh(float* weight_tile, float (&scores)[R][kKeys / 16]) {
#pragma unroll
    for (int r = 0; r < R; ++r) {
      float max = max_[r];
#pragma unroll
      for (int k = 0; k < kKeys / 16; ++k) max = fmaxf(max, scores[r][k]);
#pragma unroll
      for (int offset = 8; offset > 0; offset /= 2) max = fmaxf(max, __shfl_xor_sync(0xffffffffu, max, offset));
      const float factor = exp2_of(max_[r] - max);
      max_[r] = max;
      float total = 0;
#pragma unroll
      for (int k = 0; k < kKeys / 16; ++k) {
        const float weight = exp2_of(scores[r][k] - max);
        total += weight;
        weight_tile[(row_ + r) * kWeightPitch + column_ + k * 16] = weight;
      }
      total_[r] = fmaf(total_[r], factor, total);
#pragma unroll
      for (int d = 0; d < D / 64; ++d) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums_[r][d][e] *= factor;
      }
    }
  }

  __device__ __forceinline__ void add(const float* weight_tile, const float* value_tile) {
    const float* weights = weight_tile + row_ * kWeightPitch;
    const float* value = value_tile + column_ * 4;
#pragma unroll kUnroll
    for (int k = 0; k < kKeys; k += 4) {
      float w[R][4];
#pragma unroll
      for (int r = 0; r < R; ++r) {
        const float4 four = word(weights + r * kWeightPitch + k);
        w[r][0] = four.x;
        w[r][1] = four.y;
        w[r][2] = four.z;
        w[r][3] = four.w;
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int d = 0; d < D / 64; ++d) {
          const float4 x = word(value + (k + i) * kPitch + d * 64);
#pragma unroll
          for (int r = 0; r < R; ++r) {
            sums_[r][d][0] = fmaf(w[r][i], x.x, sums_[r][d][0]);
            sums_[r][d][1] = fmaf(w[r][i], x.y, sums_[r][d][1]);
            sums_[r][d][2] = fmaf(w[r][i], x.z, sums_[r][d][2]);
            sums_[r][d][3] = fmaf(w[r][i], x.w, sums_[r][d][3]);
          }
        }
      }
    }
  }

  __device__ __forceinline__ void finish(const AttentionParams& p, float* out) const {
#pragma unroll
    for (int r = 0; r < R; ++r) {
      float total = total_[r];
#pragma unroll
      for (int offset = 8; offset > 0; offset /= 2) total += __shfl_xor_sync(0xffffffffu, total, offset);
      const float factor = 1 / total;
      const int query = first_query_ + row_ + r;
      if (query >= p.queries) continue;
      float* row = out + query * p.out_place.row;
#pragma unroll
      for (int d = 0; d < D / 64; ++d) {
        const int column = d * 64 + column_ * 4;
        const float* sums = sums_[r][d];
        if (p.out_place.vectors) {
          if (column < p.width) {
            *reinterpret_cast<float4*>(row + column) =
                make_float4(sums[0] * factor, sums[1] * factor, sums[2] * factor, sums[3] * factor);
          }
        } else {
#pragma unroll
          for (int e = 0; e < 4; ++e) {
            if (column + e < p.width) row[(column + e) * p.out_place.column] = sums[e] * factor;
          }
        }
      }
    }
  }
};
