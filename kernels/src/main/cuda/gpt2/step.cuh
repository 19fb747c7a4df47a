// One step of a GPT-2 for up to 32 columns, each a token of a sequence, in one launch: blocks that fill the device once
// go through all layers together, with a barrier where they need each other's results.
//
// The tensor cores take outputs as rows and tokens as columns. A column's numbers are computed in the same order
// whoever else is there: depth is divided among warps, and for narrow matrices among blocks, by the model's shape
// alone.
#pragma once

#include "gpt2/activation.cuh"
#include "gpt2/candidate.cuh"
#include "gpt2/columns.cuh"
#include "gpt2/grid.cuh"

constexpr int kMostLayers = 96;
constexpr int kFewColumns = 2;   // with which each block does for itself what it would else wait for
constexpr int kMergingKeys = 128;  // up to which blocks that merge heads attend for themselves

struct Step {
  Shape shape;
  Weights weights;
  Sequences sequences;
  float* x[2];               // (column, hidden)
  float* partials;           // (slice, column, hidden)
  float* query;              // (column, heads * head_width)
  void* normalized;          // (column, hidden_tiles)
  void* attended;            // (column, attention_tiles)
  void* inner;               // (column, inner_tiles)
  float* chunks;             // see Attending
  unsigned* chunk_counts;
  float* logits;             // (column, logits_pitch)
  unsigned long long* best;  // (warp of the grid, column)
  GridBarrier* barrier;
  long long logits_pitch;
  int columns;
  int most_chunks;
  int merge_slices;
  int down_slices;
  int wants_logits;    // otherwise only keys and values are wanted
  int activations_at;  // byte of the dynamic shared memory
  int slots[kMostColumns];
  int positions[kMostColumns];  // -1 for the newest token
};

// The size of StepShared, which Java asks for: fixed, of a group of eight columns, and of a slot.
constexpr int kSharedBytes = 912;
constexpr int kSharedGroupBytes = 8320;
constexpr int kSharedSlotBytes = 16384;

template <typename T, int N, int SLOTS>
class Stepper {
  using Shared = StepShared<N, SLOTS>;

  static_assert(sizeof(Shared) == kSharedBytes + N * kSharedGroupBytes + SLOTS * kSharedSlotBytes, "Java asks for it");

 public:
  __device__ Stepper(const Step& step, Shared& shared)
      : p(step),
        s(shared),
        layers(reinterpret_cast<Layer*>(&shared + 1)),
        activations(reinterpret_cast<char*>(&shared) + step.activations_at),
        grid(step.barrier),
        width(step.shape.heads * step.shape.head_width),
        few(step.columns <= kFewColumns),
        matrices(kLayerMatrices * step.shape.layers - (step.wants_logits ? 0 : 3)),
        weights((prepare(), shared.ring), layers, shared.plan, matrices,
                step.wants_logits ? step.weights.head : nullptr, tiles(step.shape.vocabulary), step.shape.hidden_tiles),
        attention(read_columns(), step.columns, step.shape.heads),
        merging(merges_heads()),
        merged(heads_of_slice()),
        first_item(merging ? AttentionItem{0, merged.first, 0} : attention.item(blockIdx.x)),
        sum_at(sums_begin()),
        turn(0) {
    first_keys = keys_of(first_item, merged.end);
  }

  __device__ void run() {
    ask_for_keys(0);
    look_ahead(0);
#pragma unroll 1
    for (int matrix = 0;; ++matrix) {
      const int kind = matrix % kLayerMatrices;
      const int l = matrix / kLayerMatrices;
      held_slice = -1;
      if (kind == kQkv || kind == kUp) {
        normalize_columns(matrix);
      } else if (kind == kMerge) {
        attend(l);
        if (!merging) {
          grid.arrive();
          grid.wait();
        }
      }
      if (l == p.shape.layers) {
        take_head();
        break;
      }
      multiply(kind, l);
      if (matrix + 1 == matrices && !p.wants_logits) break;
      // Weights are not sent for here: what others are waited for with would stand behind them.
      grid.arrive();
      look_ahead(matrix + 1);
      weights.look_ahead();
      if (kind == kUp) {
        ask_for_parameters(l + 1);
        ask_for_keys(l + 1);
      }
      grid.wait();
    }
    grid.leave();
  }

 private:
  // The heads that a block which merges attends for, or all.
  struct Heads {
    int first;
    int end;
    int rounds;  // of as many as a block attends for at once
    int depth;   // of the slice; 0 for a block that merges none
  };

  // What is known of the next matrix.
  struct Ahead {
    Item item;  // this block's first
    Share share;
    int start;  // its number
    bool busy;  // whether there is one
    float bias;
  };

  // A warp's sums are (8 outputs g, 8 columns) twice, as lanes 4 * g + column / 2 have them.
  static __device__ int sums_begin() {
    const int output = threadIdx.x % (2 * kTileOutputs);
    const int column = threadIdx.x / 32;
    return output / kTileOutputs * kItemWarps * N * 128 + (output % 8 * 4 + column / 2) * 4 + output / 8 % 2 * 2 +
           column % 2;
  }

  static __device__ int tiles(int outputs) { return (outputs + kTileOutputs - 1) / kTileOutputs; }

  // Brings what all stages ask for to shared memory: each barrier of the grid empties the first cache.
  __device__ void prepare() {
    const int words = p.shape.layers * kLayerBytes / 4;
    for (int i = threadIdx.x; i < words; i += kBlockThreads) {
      reinterpret_cast<int*>(layers)[i] = __ldg(reinterpret_cast<const int*>(p.weights.layers) + i);
    }
    s.norm.prepare(p.shape.hidden);
    if (threadIdx.x >= kBlockThreads - kLayerMatrices) {
      const int kind = kBlockThreads - 1 - threadIdx.x;
      const int outputs = tiles(p.shape.hidden);
      const Division d = kind == kQkv     ? Division(tiles(3 * width), p.shape.hidden_tiles, 1)
                         : kind == kMerge ? Division(outputs, p.shape.attention_tiles, p.merge_slices)
                         : kind == kUp    ? Division(tiles(p.shape.inner), p.shape.hidden_tiles, 1)
                                          : Division(outputs, p.shape.inner_tiles, p.down_slices);
      s.plan.set(kind, d);
    }
    __syncthreads();
  }

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
    __syncthreads();
    return s.columns.last;
  }

  // Finds out what can be known of a matrix and of the norm before it while other blocks are waited for.
  __device__ __forceinline__ void look_ahead(int matrix) {
    const int kind = matrix % kLayerMatrices;
    const bool last = matrix == kLayerMatrices * p.shape.layers;
    const int l = matrix / kLayerMatrices;
    ahead.start = s.plan.start[kind];
    ahead.busy = last || ahead.start < s.plan.items[kind];
    ahead.item = s.plan.first[kind];
    ahead.share = s.plan.share[kind][threadIdx.x / 32];
    ahead.bias = 0.f;
    if (kind == kMerge || kind == kDown) return;
    const bool upper = kind == kUp;
    if (!last && ahead.busy) ahead.bias = bias_of(kind, l, output_of(ahead.item));
    const int vectors = p.shape.hidden / 4;
    const int first = few ? 0 : blockIdx.x;
    const int at = first * vectors + threadIdx.x;
    part.x = matrix == 0 ? nullptr : reinterpret_cast<const float4*>(p.x[upper ? 1 : 0]) + at;
    part.partials = reinterpret_cast<const float4*>(p.partials) + at;
    part.keep = reinterpret_cast<float4*>(p.x[upper ? 0 : 1]) + at;
    part.slices = matrix == 0 ? 0 : upper ? p.merge_slices : p.down_slices;
    part.slice_step = p.columns * vectors;
    read_affine(part, p.shape.hidden, last ? p.weights.last_gain : upper ? layers[l].gain2 : layers[l].gain1,
                last ? p.weights.last_shift : upper ? layers[l].shift2 : layers[l].shift1,
                upper        ? layers[l].merge_bias
                : matrix > 0 ? layers[l - 1].down_bias
                             : nullptr);
  }

  // Leaves all columns normalised in shared memory, before the matrix of that number.
  __device__ __forceinline__ void normalize_columns(int matrix) {
    pitch = row_bytes(p.shape.hidden_tiles);
    held_slice = 0;
    // With few columns, to normalise them in every block costs less than to wait for the one that does it.
    const int packed = p.shape.hidden_tiles * kTileDepth<T>;
    const int row = few ? pitch / static_cast<int>(sizeof(T)) : packed;
    T* out = few ? reinterpret_cast<T*>(activations) : static_cast<T*>(p.normalized) + blockIdx.x * row;
    const int step = few ? 1 : gridDim.x;
    const int vectors = p.shape.hidden / 4;
    float4* keep = part.keep;
#pragma unroll 1
    for (int c = few ? 0 : blockIdx.x; c < p.columns; c += step) {
      const bool keeps = !few || blockIdx.x == gridDim.x - 1 - c;
      part.keep = keeps ? keep : nullptr;
      if (keeps || ahead.busy) {
        normalize<T>(p.weights, p.shape, part, s.columns.tokens + c, s.columns.positions + c, s.norm, out,
                     [&] { weights.refill(); });
      }
      out += step * row;
      keep += step * vectors;
      part.x = part.x == nullptr ? nullptr : part.x + step * vectors;
      part.partials += step * vectors;
      __syncthreads();
    }
    if (!few) {
      grid.arrive();
      grid.wait();
      copy_columns<N>(activations, pitch, static_cast<const char*>(p.normalized), packed * sizeof(T),
                      packed * sizeof(T) / 16, p.columns, [&] { weights.refill(); });
      __syncthreads();
    }
    weights.refill();
  }

  // Brings the slice of the depth that an item wants to shared memory.
  __device__ __forceinline__ void want_slice(int kind, const Item& item) {
    if (item.slice == held_slice) return;
    if (held_slice >= 0) __syncthreads();
    held_slice = item.slice;
    const Division& d = s.plan.division[kind];
    pitch = row_bytes(d.slice_tiles());
    if (kind == kMerge && few && s.columns.last >= kChunkKeys) {
      combine_slice(item);
      weights.refill();
    } else {
      const char* from = static_cast<const char*>(kind == kMerge ? p.attended : p.inner) + item.first * kTileBytes;
      copy_columns<N>(activations, pitch, from, d.depth_tiles * kTileBytes, item.count * kTileBytes / 16, p.columns,
                      [&] { weights.refill(); });
    }
    __syncthreads();
  }

  // With few columns and keys, each block that merges heads attends for them itself, if its slice is whole heads.
  __device__ bool merges_heads() const {
    const Division& d = s.plan.division[kMerge];
    const bool whole = d.slice_tiles() * kTileDepth<T> % p.shape.head_width == 0 || p.merge_slices == 1;
    return few && s.columns.last < kMergingKeys && whole && d.items() <= gridDim.x;
  }

  // With few columns each block puts the chunks of attention together for itself.
  __device__ __forceinline__ void combine_slice(const Item& item) {
    const int head_width = p.shape.head_width;
#pragma unroll 1
    for (int c = 0; c < p.columns; ++c) {
      const int count = s.columns.positions[c] / kChunkKeys + 1;
#pragma unroll 1
      for (int i = threadIdx.x; i < item.count * kTileDepth<T>; i += kBlockThreads) {
        const int at = item.first * kTileDepth<T> + i;
        const int head = at / head_width;
        T value;
        if (head >= p.shape.heads) {
          value = narrow<T>(0.f);
        } else if (count == 1) {
          value = __ldcg(static_cast<const T*>(p.attended) + static_cast<long long>(c) * p.shape.attention_tiles * kTileDepth<T> + at);
        } else {
          const float* chunks = p.chunks + (static_cast<long long>(c) * p.shape.heads + head) * p.most_chunks * (head_width + 2);
          value = narrow<T>(combine(chunks, count, head_width, at - head * head_width));
        }
        reinterpret_cast<T*>(activations + c * pitch)[i] = value;
      }
    }
  }

  __device__ __forceinline__ void multiply_one(float (&acc)[N][4], const char* column, int i) {
    const uint4 w = weights.tile(i);
#pragma unroll
    for (int n = 0; n < N; ++n) {
      const uint2 x = *reinterpret_cast<const uint2*>(column + n * 8 * pitch + i * kTileBytes);
      multiply_tile<T>(acc[n], {w.x, w.y}, {w.z, w.w}, x);
    }
  }

  // Adds the products of a warp's tiles to two chains of sums, as each waits for itself.
  __device__ __forceinline__ void multiply_share(float (&acc)[2][N][4], const char* column, int count, bool refills) {
#pragma unroll
    for (int n = 0; n < N; ++n) {
#pragma unroll
      for (int j = 0; j < 4; ++j) acc[0][n][j] = acc[1][n][j] = 0.f;
    }
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

  __device__ __forceinline__ const float* biases(int kind, int l) const {
    return kind == kQkv ? layers[l].qkv_bias : kind == kUp ? layers[l].up_bias : nullptr;
  }

  __device__ __forceinline__ float bias_of(int kind, int l, int output) const {
    return output < (kind == kQkv ? 3 * width : p.shape.inner) ? __ldg(biases(kind, l) + output) : 0.f;
  }

  // Has memory bring a layer's gains, shifts and biases, which lie together, and which each block reads but once a step:
  // one block asks for all.
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

  // Multiplies this block's items of a layer's matrix.
  __device__ __forceinline__ void multiply(int kind, int l) {
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
#pragma unroll 1
    for (int number = ahead.start; number < s.plan.items[kind]; number += gridDim.x) {
      if (number != ahead.start) {
        ahead.item = s.plan.division[kind].item(number);
        ahead.share = Plan::share_of(s.plan.division[kind], ahead.item, warp);
        ahead.bias = kind == kQkv || kind == kUp ? bias_of(kind, l, output_of(ahead.item)) : 0.f;
      }
      want_slice(kind, ahead.item);
      float acc[2][N][4];
      multiply_share(acc, activations + lane / 4 * pitch + lane % 4 * 8 + ahead.share.depth * kTileBytes,
                     ahead.share.count, false);
      // The warps' sums are added in their order. Two areas take turns, so that one barrier an item is enough.
      float* area = s.sums[turn];
      turn ^= 1;
#pragma unroll
      for (int n = 0; n < N; ++n) {
        *reinterpret_cast<float4*>(area + (warp * N + n) * 128 + lane * 4) =
            make_float4(acc[0][n][0] + acc[1][n][0], acc[0][n][1] + acc[1][n][1], acc[0][n][2] + acc[1][n][2],
                        acc[0][n][3] + acc[1][n][3]);
      }
      __syncthreads();
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const int c = warp + i * kBlockWarps;
        if (c < p.columns) {
          const float* from = area + sum_at + i * 128;
          float sum = 0.f;
#pragma unroll
          for (int w = 0; w < kItemWarps; ++w) sum += from[w * N * 128];
          finish(kind, l, c, output_of(ahead.item), ahead.item.slice, sum + ahead.bias);
        }
      }
    }
  }

  __device__ __forceinline__ void finish(int kind, int l, int column, int output, int slice, float sum) {
    if (kind == kQkv) {
      if (output < width) {
        p.query[static_cast<long long>(column) * width + output] = sum * layers[l].scale;
      } else if (output < 3 * width) {
        const bool value = output >= 2 * width;
        char* keys = s.columns.keys[column] + l * p.sequences.layer_bytes + (value ? p.sequences.value_bytes : 0);
        reinterpret_cast<T*>(keys)[output - (value ? 2 : 1) * width] = narrow<T>(sum);
      }
    } else if (kind == kUp) {
      if (output < p.shape.inner) {
        T* row = static_cast<T*>(p.inner) + static_cast<long long>(column) * p.shape.inner_tiles * kTileDepth<T>;
        row[output] = narrow<T>(activated(p.shape.activation, sum));
      }
    } else if (output < p.shape.hidden) {
      p.partials[(static_cast<long long>(slice) * p.columns + column) * p.shape.hidden + output] = sum;
    }
  }

  // Where this warp's keys of an item begin in the first layer; null if it has none.
  __device__ __forceinline__ const T* keys_of(const AttentionItem& item, int heads_end) const {
    const int warp = threadIdx.x / 32;
    const int key = item.chunk * kChunkKeys + warp % attention.parts * kWarpKeys;
    const int head = item.head + warp / attention.parts;
    if (item.chunk * kChunkKeys > s.columns.last || key > s.columns.positions[item.column] || head >= heads_end) return nullptr;
    return cached<T>(p.sequences, p.shape, p.slots[item.column], key, 0, false) + head * p.shape.head_width;
  }

  // Asks memory for the keys and values of this block's first item before they are wanted; the newest of them may not
  // be written yet.
  __device__ __forceinline__ void ask_for_keys(int l) const {
    const int lane = threadIdx.x % 32;
    const int key = first_item.chunk * kChunkKeys + threadIdx.x / 32 % attention.parts * kWarpKeys + lane;
    if (l == p.shape.layers || first_keys == nullptr || key > s.columns.positions[first_item.column]) return;
    const char* at = reinterpret_cast<const char*>(first_keys + lane * width) + l * p.sequences.layer_bytes;
    for (int byte = 0; byte < p.shape.head_width * static_cast<int>(sizeof(T)); byte += 128) {
      asm volatile("prefetch.global.L2 [%0];" ::"l"(at + byte));
      asm volatile("prefetch.global.L2 [%0];" ::"l"(at + p.sequences.value_bytes + byte));
    }
  }

  __device__ Heads heads_of_slice() const {
    if (!merging) return {0, p.shape.heads, 0, 0};
    if (s.plan.start[kMerge] >= s.plan.items[kMerge]) return {0, 0, 0, 0};
    const Item slice = s.plan.first[kMerge];
    const int depth = slice.count * kTileDepth<T>;
    const int first = slice.first * kTileDepth<T> / p.shape.head_width;
    const int end = min(p.shape.heads, first + (depth + p.shape.head_width - 1) / p.shape.head_width);
    return {first, end, (end - first + attention.together - 1) / attention.together, depth};
  }

  // Attends for this block's items, or where blocks merge what they attend for, for the heads of this block's slice,
  // which are then in shared memory.
  __device__ __forceinline__ void attend(int l) {
    const Attending where = {p.query, p.chunks, few ? nullptr : p.chunk_counts, p.most_chunks};
    const int head_width = p.shape.head_width;
    if (merging) {
      if (merged.depth == 0) return;
      pitch = row_bytes(s.plan.division[kMerge].slice_tiles());
      held_slice = ahead.item.slice;
      for (int i = (merged.end - merged.first) * head_width + threadIdx.x; i < merged.depth; i += kBlockThreads) {
        for (int c = 0; c < p.columns; ++c) reinterpret_cast<T*>(activations + c * pitch)[i] = narrow<T>(0.f);
      }
    }
    AttentionItem item = first_item;
    int number = merging ? 0 : blockIdx.x;
    const int numbers = merging ? merged.rounds * p.columns : attention.items;
#pragma unroll 1
    while (number < numbers) {
      const int position = s.columns.positions[item.column];
      if (item.chunk * kChunkKeys <= position) {
        const bool known = number == (merging ? 0 : blockIdx.x);
        const T* keys = known ? first_keys : keys_of(item, merged.end);
        T* attended = merging ? reinterpret_cast<T*>(activations + item.column * pitch) - merged.first * head_width
                              : static_cast<T*>(p.attended) +
                                    static_cast<long long>(item.column) * p.shape.attention_tiles * kTileDepth<T>;
        attend_item(p.shape, where, attention, item, merged.end, position,
                    reinterpret_cast<const T*>(reinterpret_cast<const char*>(keys) + l * p.sequences.layer_bytes),
                    p.sequences.value_bytes, attended + item.head * head_width, s.sums[0], s.attention,
                    [&] { weights.refill(); });
      }
      if (!merging) {
        number += gridDim.x;
        item = attention.item(number);
      } else {
        ++number;
        item.head += attention.together;
        if (item.head >= merged.end) item = {item.column + 1, merged.first, 0};
      }
    }
    if (!merging) return;
    weights.refill();
    __syncthreads();
  }

  // The head: a warp takes 16 tokens of the vocabulary at a time, over the whole depth.
  __device__ __forceinline__ void take_head() {
    const int warp = blockIdx.x * kBlockWarps + threadIdx.x / 32;
    const int warps = gridDim.x * kBlockWarps;
    const int lane = threadIdx.x % 32;
    const int token_tiles = tiles(p.shape.vocabulary);
    unsigned long long best[N][2];
#pragma unroll
    for (int n = 0; n < N; ++n) best[n][0] = best[n][1] = 0;
#pragma unroll 1
    for (int tile = warp; tile < token_tiles; tile += warps) {
      const char* column = activations + lane / 4 * pitch + lane % 4 * 8;
      float acc[2][N][4];
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
  Layer* layers;
  char* activations;  // (column, pitch)
  Grid grid;
  int width;  // of all heads
  bool few;
  int matrices;
  WeightStream<SLOTS> weights;
  AttentionDivision attention;
  bool merging;
  Heads merged;
  AttentionItem first_item;
  const T* first_keys;
  Ahead ahead;
  NormPart part;
  int sum_at;  // of this thread's output of a column among the warps' sums
  int turn;
  int pitch;
  int held_slice;
};

#define STEP_KERNEL(T, N, SLOTS)                                                                      \
  extern "C" __global__ void __launch_bounds__(kBlockThreads, 1)                                     \
      gpt2_step_##T##_##N##_##SLOTS(const __grid_constant__ Step step) {                              \
    extern __shared__ __align__(128) char shared[];                                                  \
    Stepper<T, N, SLOTS>(step, *reinterpret_cast<StepShared<N, SLOTS>*>(shared)).run();                \
  }
