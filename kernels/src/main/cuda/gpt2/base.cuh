// What a step has in common for one column and for many: its parameters, what a block keeps in shared memory, the
// products of a warp, and the head.
//
// The tensor cores take outputs as rows and tokens as columns. A column's numbers are computed in the same order
// whoever else is there: depth is divided among warps, and for narrow matrices among blocks, by the model's shape
// alone.
#pragma once

#include "gpt2/activation.cuh"
#include "gpt2/candidate.cuh"
#include "gpt2/columns.cuh"

// The size of StepShared, which Java asks for: fixed, of a group of eight columns, and of a slot.
constexpr int kSharedBytes = 912;
constexpr int kSharedGroupBytes = 8320;
constexpr int kSharedSlotBytes = 16384;

// Brings what all stages ask for to shared memory: barriers of the grid, and fences, empty the first cache.
template <int N, int SLOTS>
__device__ __forceinline__ void prepare_step(const Step& p, StepShared<N, SLOTS>& s, Layer* layers) {
  const int words = p.shape.layers * kLayerBytes / 4;
  for (int i = threadIdx.x; i < words; i += blockDim.x) {
    reinterpret_cast<int*>(layers)[i] = __ldg(reinterpret_cast<const int*>(p.weights.layers) + i);
  }
  s.norm.prepare(p.shape.hidden);
  if (threadIdx.x < kBlockThreads && threadIdx.x >= kBlockThreads - kLayerMatrices) {
    const int kind = kBlockThreads - 1 - threadIdx.x;
    const int outputs = tiles_of(p.shape.hidden);
    const int width = p.shape.heads * p.shape.head_width;
    const Division d = kind == kQkv     ? Division(tiles_of(3 * width), p.shape.hidden_tiles, 1)
                       : kind == kMerge ? Division(outputs, p.shape.attention_tiles, p.merge_slices)
                       : kind == kUp    ? Division(tiles_of(p.shape.inner), p.shape.hidden_tiles, 1)
                                        : Division(outputs, p.shape.inner_tiles, p.down_slices);
    s.plan.set(kind, d);
  }
}

// What a norm before a matrix, or before the head, multiplies and adds, and the biases of the products that are added
// to the residual there; null for none.
struct NormVectors {
  const float* gains;
  const float* shifts;
  const float* biases;
};

__device__ __forceinline__ NormVectors norm_vectors(const Step& p, const Layer* layers, int matrix) {
  const int l = matrix / kLayerMatrices;
  const float* biases = l > 0 ? layers[l - 1].down_bias : nullptr;
  if (l == p.shape.layers) return {p.weights.last_gain, p.weights.last_shift, biases};
  const Layer& layer = layers[l];
  if (matrix % kLayerMatrices == kUp) return {layer.gain2, layer.shift2, layer.merge_bias};
  return {layer.gain1, layer.shift1, biases};
}

// What is added to an output of a layer's matrix where it is multiplied.
__device__ __forceinline__ float bias_of_output(const Step& p, const Layer& layer, int kind, int output) {
  const float* biases = kind == kQkv ? layer.qkv_bias : kind == kUp ? layer.up_bias : nullptr;
  const int outputs = kind == kQkv ? 3 * p.shape.heads * p.shape.head_width : p.shape.inner;
  return biases != nullptr && output < outputs ? __ldg(biases + output) : 0.f;
}

template <typename T, int N, int SLOTS, typename Stream>
class StepBase {
 protected:
  using Shared = StepShared<N, SLOTS>;

  static_assert(sizeof(Shared) == kSharedBytes + N * kSharedGroupBytes + SLOTS * kSharedSlotBytes, "Java asks for it");

  __device__ StepBase(const Step& step, Shared& shared, const Layer* layers, const Stream& stream)
      : p(step),
        s(shared),
        layers(layers),
        activations(reinterpret_cast<char*>(&shared) + step.activations_at),
        width(step.shape.heads * step.shape.head_width),
        matrices(kLayerMatrices * step.shape.layers),
        weights(stream),
        turn(0) {}

  // Finds the columns' tokens while the first weights are on their way. Returns the largest position.
  __device__ int read_columns() {
    int position = 0;
    if (threadIdx.x < p.columns) {
      const int slot = p.slots[threadIdx.x];
      const int given = p.positions[threadIdx.x];
      position = given >= 0 ? given : p.sequences.newest[slot];
      s.columns.positions[threadIdx.x] = position;
      s.columns.keys[threadIdx.x] =
          reinterpret_cast<char*>(cached<T>(p.sequences, p.shape, slot, position, 0, false));
      s.columns.tokens[threadIdx.x] =
          p.sequences.history[static_cast<long long>(slot) * p.sequences.history_pitch + position];
    }
    // Columns are at most as many as a warp's lanes.
    if (threadIdx.x < 32) {
      const int last = __reduce_max_sync(0xffffffffu, position);
      if (threadIdx.x == 0) s.columns.last = last;
    }
    sync_warps();
    return s.columns.last;
  }

  __device__ __forceinline__ void multiply_one(float (&acc)[N][4], const char* column, int i) {
    const uint4 w = weights.tile(i);
#pragma unroll
    for (int n = 0; n < N; ++n) {
      const uint2 x = *reinterpret_cast<const uint2*>(column + n * 8 * pitch + i * kTileBytes);
      multiply_tile<T>(acc[n], {w.x, w.y}, {w.z, w.w}, x);
    }
  }

  static __device__ __forceinline__ void clear_sums(float (&acc)[2][N][4]) {
#pragma unroll
    for (int n = 0; n < N; ++n) {
#pragma unroll
      for (int j = 0; j < 4; ++j) acc[0][n][j] = acc[1][n][j] = 0.f;
    }
  }

  // Adds the products of `count` tiles of a warp to two chains of sums, as each waits for itself.
  __device__ __forceinline__ void multiply_share(float (&acc)[2][N][4], const char* column, int count, bool refills) {
#pragma unroll 1
    for (int left = count; left > 0; left -= kSlotTiles) {
      weights.await();
      if (left >= kSlotTiles) {
#pragma unroll
        for (int i = 0; i < kSlotTiles; ++i) multiply_one(acc[i % 2], column, i);
      } else {
#pragma unroll 1
        for (int i = 0; i < left; ++i) multiply_one(acc[0], column, i);
      }
      weights.take();
      if (refills) weights.refill();
      column += kSlotTiles * kTileBytes;
    }
  }

  // Has memory bring a layer's gains, shifts and biases, which lie together, and which each block reads but once a
  // step: one block asks for all.
  __device__ __forceinline__ void ask_for_parameters(int l) const {
    if (blockIdx.x != l || l == p.shape.layers) return;
    const float* from = layers[l].gain1;
    for (int i = threadIdx.x * 32; i < 6 * p.shape.hidden + 3 * width + p.shape.inner; i += kBlockThreads * 32) {
      asm volatile("prefetch.global.L2 [%0];" ::"l"(from + i));
    }
  }

  // Neighbouring threads take neighbouring outputs of one column.
  static __device__ __forceinline__ int output_of(const Item& item) {
    return item.pair * 2 * kTileOutputs + threadIdx.x % (2 * kTileOutputs);
  }

  // A warp's sums are (8 outputs g, 8 columns) twice, as lanes 4 * g + column / 2 have them. Where one is among those
  // of the first warp of its tile.
  static __device__ __forceinline__ int sum_begin(int output, int column) {
    return output / kTileOutputs * kItemWarps * N * 128 + (output % 8 * 4 + column / 2) * 4 + output / 8 % 2 * 2 +
           column % 2;
  }

  // Leaves a warp's sums in an area of shared memory.
  __device__ __forceinline__ void leave_sums(float* area, const float (&acc)[2][N][4]) const {
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int n = 0; n < N; ++n) {
      *reinterpret_cast<float4*>(area + (warp * N + n) * 128 + lane * 4) =
          make_float4(acc[0][n][0] + acc[1][n][0], acc[0][n][1] + acc[1][n][1], acc[0][n][2] + acc[1][n][2],
                      acc[0][n][3] + acc[1][n][3]);
    }
  }

  // Adds the sums of the warps that share a tile, in their order.
  static __device__ __forceinline__ float sum_of_warps(const float* from) {
    float sum = 0.f;
#pragma unroll
    for (int w = 0; w < kItemWarps; ++w) sum += from[w * N * 128];
    return sum;
  }

  // Adds an element of a column's key or value to the cache.
  __device__ __forceinline__ void cache(int l, int column, int output, T element) const {
    const bool value = output >= 2 * width;
    char* keys = s.columns.keys[column] + l * p.sequences.layer_bytes + (value ? p.sequences.value_bytes : 0);
    reinterpret_cast<T*>(keys)[output - (value ? 2 : 1) * width] = element;
  }

  // Where this warp's keys of an item begin in the first layer; null if it has none.
  __device__ __forceinline__ const T* keys_of(const AttentionDivision& attention, const AttentionItem& item,
                                              int heads_end) const {
    const int key = item.chunk * kChunkKeys + attention.part_of_warp() * kWarpKeys;
    const int head = item.head + attention.head_of_warp();
    const bool has = item.chunk * kChunkKeys <= s.columns.last && key <= s.columns.positions[item.column];
    if (!has || head >= heads_end) return nullptr;
    return cached<T>(p.sequences, p.shape, p.slots[item.column], key, 0, false) + head * p.shape.head_width;
  }

  __device__ __forceinline__ const T* in_layer(const T* keys, int l) const {
    return reinterpret_cast<const T*>(reinterpret_cast<const char*>(keys) + l * p.sequences.layer_bytes);
  }

  // Asks memory for the keys and values of an item, of which this warp's begin at `keys` in the first layer, before
  // they are wanted; the newest of them may not be written yet.
  __device__ __forceinline__ void ask_for_keys(int l, const AttentionDivision& attention, const AttentionItem& item,
                                               const T* keys) const {
    const int lane = threadIdx.x % 32;
    const int key = item.chunk * kChunkKeys + attention.part_of_warp() * kWarpKeys + lane;
    if (l == p.shape.layers || keys == nullptr || key > s.columns.positions[item.column]) return;
    const char* at = reinterpret_cast<const char*>(keys + lane * width) + l * p.sequences.layer_bytes;
#pragma unroll 1
    for (int byte = 0; byte < p.shape.head_width * static_cast<int>(sizeof(T)); byte += 128) {
      asm volatile("prefetch.global.L2 [%0];" ::"l"(at + byte));
      asm volatile("prefetch.global.L2 [%0];" ::"l"(at + p.sequences.value_bytes + byte));
    }
  }

  // The head: a warp takes 16 tokens of the vocabulary at a time, over the whole depth.
  __device__ __forceinline__ void take_head() {
    const int warp = blockIdx.x * kBlockWarps + threadIdx.x / 32;
    const int warps = gridDim.x * kBlockWarps;
    const int lane = threadIdx.x % 32;
    const int token_tiles = tiles_of(p.shape.vocabulary);
    unsigned long long best[N][2];
#pragma unroll
    for (int n = 0; n < N; ++n) best[n][0] = best[n][1] = 0;
#pragma unroll 1
    for (int tile = warp; tile < token_tiles; tile += warps) {
      const char* column = activations + lane / 4 * pitch + lane % 4 * 8;
      float acc[2][N][4];
      clear_sums(acc);
      multiply_share(acc, column, p.shape.hidden_tiles, true);
#pragma unroll
      for (int n = 0; n < N; ++n) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const int token = tile * kTileOutputs + lane / 4 + j / 2 * 8;
          const int c = n * 8 + lane % 4 * 2 + j % 2;
          if (token < p.shape.vocabulary && c < p.columns) {
            const float logit = acc[0][n][j] + acc[1][n][j];
            p.logits[c * p.logits_pitch + token] = logit;
            best[n][j % 2] = max(best[n][j % 2], pack_candidate(logit, token));
          }
        }
      }
    }
#pragma unroll
    for (int n = 0; n < N; ++n) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        for (int offset = 4; offset < 32; offset *= 2) {
          best[n][j] = max(best[n][j], __shfl_xor_sync(0xffffffffu, best[n][j], offset));
        }
        const int c = n * 8 + lane % 4 * 2 + j;
        if (lane < 4 && c < p.columns) p.best[static_cast<long long>(warp) * p.columns + c] = best[n][j];
      }
    }
  }

  const Step& p;
  Shared& s;
  const Layer* layers;
  char* activations;  // (column, pitch)
  int width;          // of all heads
  int matrices;
  Stream weights;
  int turn;  // of the areas of sums
  int pitch;
};
