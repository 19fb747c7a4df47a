// What a block has to do in a step of one column, and where it hands on its results.
#pragma once

#include "gpt2/base.cuh"
#include "gpt2/sender.cuh"
#include "gpt2/words.cuh"

// A block's threads: the warps that multiply, then a group of which one warp sends for weights and three prepare what
// stages ask for. The group gives registers to the others.
constexpr int kSingleThreads = 384;
constexpr int kSingleRegisters = 232;
constexpr int kHelperRegisters = 40;

// What a block that takes a step of one column keeps in shared memory besides.
template <int SLOTS>
struct SingleShared {
  StepShared<1, SLOTS> common;
  RingBarriers<SLOTS> ring_barriers;
  unsigned long long parameters;  // barrier: a norm's gains, shifts and biases have come
  AttentionDivision attention;
  int merging;     // whether blocks that merge heads attend for them themselves
  int first_head;  // that a block attends for if so
  int heads_end;   // otherwise all
  int rounds;      // of as many heads as a block attends for at once
  int depth;       // of the slice; 0 for a block that merges none
  int idle;        // whether this block has nothing to do in the layers
  int position;
  int last;        // whether this block is the last one to be done
  unsigned long long best[kBlockWarps];
  const void* first_keys[kBlockWarps];  // each warp's of the block's first item, in the first layer
  unsigned* places[2 * kTileOutputs];   // where an item's outputs are handed on; null if one has no place of its own
  float biases[2 * kTileOutputs];       // what is added to them
};

// The size of SingleShared beyond what it shares with all steps: fixed, and of a slot.
constexpr int kSingleBytes = 576;
constexpr int kSingleSlotBytes = 128;

// The barriers of a block besides that of the warps that multiply: where the finishing one begins a stage, and where it
// learns that the places of the next turn are cleared and those of this one known.
constexpr int kStageBarrier = 2;
constexpr int kClearedBarrier = 3;
constexpr int kStageThreads = 128;  // of the finishing warp and three helpers
constexpr int kClearedThreads = 64;

// Barriers of so many threads by their number.
template <int THREADS>
__device__ __forceinline__ void arrive_at_named(int barrier) {
  asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "n"(THREADS) : "memory");
}

template <int THREADS>
__device__ __forceinline__ void sync_at_named(int barrier) {
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "n"(THREADS) : "memory");
}

// A chunk's words: its outputs, its largest score, and the sum of its weights, filled up to whole vectors.
__device__ __forceinline__ int chunk_words_of(int head_width) { return head_width + 4; }

// What a block has to do in a step, and where it hands on its results.
template <typename T, int SLOTS>
struct Duties {
  const Step& p;
  SingleShared<SLOTS>& own;

  // Whether this block has an item of a matrix.
  __device__ __forceinline__ bool is_busy(int kind) const {
    return own.common.plan.start[kind] < own.common.plan.items[kind];
  }

  // Whether this block has something to do in the layers.
  __device__ __forceinline__ bool follows() const {
    bool busy = !own.merging && blockIdx.x < own.attention.items;
#pragma unroll
    for (int kind = 0; kind < kLayerMatrices; ++kind) busy |= is_busy(kind);
    return busy;
  }

  __device__ __forceinline__ AttentionItem first_item() const {
    return own.merging ? AttentionItem{0, own.first_head, 0} : own.attention.item(blockIdx.x);
  }

  // The words of a layer's turn, or of that before or after.
  __device__ __forceinline__ unsigned* words_of(int l) const {
    return p.words + (p.first_turn + l + kTurns) % kTurns * static_cast<long long>(p.places.turn);
  }

  // The words of the residual that this step hands on, or the next.
  __device__ __forceinline__ unsigned* kept_words(int next) const {
    return p.words + kTurns * static_cast<long long>(p.places.turn) + (p.kept_turn + next) % kKeptTurns * p.shape.hidden;
  }

  __device__ __forceinline__ unsigned* chunk_words(int l, int head, int chunk) const {
    return words_of(l) + p.places.chunks + (head * p.most_chunks + chunk) * chunk_words_of(p.shape.head_width);
  }

  // The word of one of an item's outputs in a layer; null if a neighbour's word has it, or it does not exist.
  __device__ __forceinline__ unsigned* place_of(int kind, int l, const Item& item, int output) const {
    unsigned* words = words_of(l);
    if (kind == kQkv) return output < 3 * p.shape.heads * p.shape.head_width ? words + p.places.qkv + output : nullptr;
    if (kind == kUp) {
      constexpr int kPerWord = 4 / sizeof(T);
      const bool has = output < tiles_of(p.shape.inner) * kTileOutputs && output % kPerWord == 0;
      return has ? words + p.places.inner + output / kPerWord : nullptr;
    }
    const int at = item.slice * p.shape.hidden + output;
    return output < p.shape.hidden ? words + (kind == kMerge ? p.places.merge : p.places.down) + at : nullptr;
  }

  // Notes, with a warp, where an item's outputs are handed on and what is added to them.
  __device__ __forceinline__ void expect_item(const Layer& layer, int kind, int l, const Item& item) const {
    const int lane = threadIdx.x % 32;
    const int output = item.pair * 2 * kTileOutputs + lane;
    own.places[lane] = place_of(kind, l, item, output);
    own.biases[lane] = bias_of_output(p, layer, kind, output);
  }

  // A norm's gains, shifts, and biases of the products that are added before it: (3, hidden) in shared memory.
  __device__ __forceinline__ float4* parameters() const {
    return reinterpret_cast<float4*>(reinterpret_cast<char*>(&own) + p.vectors_at);
  }

  // (hidden) in shared memory.
  __device__ __forceinline__ float4* residual() const { return parameters() + 3 * (p.shape.hidden / 4); }
};
