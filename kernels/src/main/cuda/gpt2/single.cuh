// One step of a GPT-2 for one column in one launch. The same numbers as step.cuh computes for it, without a barrier
// among blocks: what they need of each other they hand on as words (words.cuh), so that a result is under way once and
// not three times (to be visible, to be announced, to be fetched). While it is, a warp brings its next weights from the
// ring to registers.
//
// Each block keeps the residual for itself, and adds all products to it in the same order. Blocks that have nothing to
// do in the layers take it from another one at the end: nobody waits for them, so that they might come too late to
// follow.
#pragma once

#include "gpt2/base.cuh"
#include "gpt2/sender.cuh"
#include "gpt2/words.cuh"

constexpr int kMergingKeys = 128;  // up to which blocks that merge heads attend for themselves
constexpr int kHeldSlots = 3;      // of weights, in registers
constexpr int kFinishingWarp = 7;  // hands a block's outputs on; the last has least to wait for
constexpr int kChunksAtOnce = 10;  // that are asked for

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

// The barriers of a block besides that of the warps that multiply: where the first of them begins a stage, and where it
// learns that the places of the next turn are cleared.
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
    return p.words + kTurns * static_cast<long long>(p.places.turn) + (p.kept_turn ^ next) * p.shape.hidden;
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

// Prepares what the stages of a block ask for: one warp clears the places of the next turn before results of this one
// are handed on, and notes where to; the others bring the parameters of norms.
template <typename T, int SLOTS>
class Helper {
 public:
  // `helper` counts these warps.
  __device__ Helper(const Step& p, SingleShared<SLOTS>& own, const Layer* layers, int helper)
      : p(p), own(own), layers(layers), duties{p, own}, helper(helper), lane(threadIdx.x % 32) {}

  __device__ __forceinline__ void run() const {
    const int matrices = kLayerMatrices * p.shape.layers;
    bring_parameters(0);
    sync_at_named<kStageThreads>(kStageBarrier);
    if (own.idle) {
      if (helper > 0) await_phase(shared_address(&own.parameters), 0);
      bring_parameters(matrices);
      return;
    }
#pragma unroll 1
    for (int matrix = 0; matrix < matrices; ++matrix) {
      const int kind = matrix % kLayerMatrices;
      if (matrix > 0) sync_at_named<kStageThreads>(kStageBarrier);
      if (helper == 0) {
        clear(kind, matrix / kLayerMatrices + 1);
        fence();
        if (duties.is_busy(kind)) {
          const int l = matrix / kLayerMatrices;
          duties.expect_item(layers[l], kind, l, own.common.plan.first[kind]);
        }
        arrive_at_named<kClearedThreads>(kClearedBarrier);
      } else if (kind == kMerge || kind == kDown) {
        // The norm before has been taken by now.
        bring_parameters(matrix + 1);
      }
    }
    sync_at_named<kStageThreads>(kStageBarrier);
    if (helper == 0 && !own.merging) {
      // Other than the rest, which chunks there are differs from step to step: none may be left.
      clear_chunks(p.shape.layers - 1);
      clear_chunks(p.shape.layers - 2);
    }
  }

 private:
  __device__ __forceinline__ void clear(int kind, int l) const {
#pragma unroll 1
    for (int number = own.common.plan.start[kind]; number < own.common.plan.items[kind]; number += gridDim.x) {
      const Item item = own.common.plan.division[kind].item(number);
      unsigned* at = duties.place_of(kind, l, item, item.pair * 2 * kTileOutputs + lane);
      if (at != nullptr) put_word(at, kAbsent);
    }
    // A stage earlier than they are handed on, as then all warps do.
    if (kind == kQkv && !own.merging) clear_chunks(l);
  }

  // Clears a layer's chunks that are this block's.
  __device__ __forceinline__ void clear_chunks(int l) const {
#pragma unroll 1
    for (int number = blockIdx.x; number < own.attention.items; number += gridDim.x) {
      const AttentionItem item = own.attention.item(number);
#pragma unroll 1
      for (int head = item.head; head < min(p.shape.heads, item.head + own.attention.together); ++head) {
        unsigned* words = duties.chunk_words(l, head, item.chunk);
#pragma unroll 1
        for (int i = lane; i < p.shape.head_width + 2; i += 32) put_word(words + i, kAbsent);
      }
    }
  }

  // Brings the parameters of the norm before a matrix, or before the head. The bulk copy engine would bring them after
  // the weights that were sent for.
  __device__ __forceinline__ void bring_parameters(int matrix) const {
    if (helper == 0) return;
    const bool last = matrix == kLayerMatrices * p.shape.layers;
    const bool upper = matrix % kLayerMatrices == kUp;
    const int l = matrix / kLayerMatrices;
    const float* gains = last ? p.weights.last_gain : upper ? layers[l].gain2 : layers[l].gain1;
    const float* shifts = last ? p.weights.last_shift : upper ? layers[l].shift2 : layers[l].shift1;
    const float* biases = upper ? layers[l].merge_bias : layers[max(l - 1, 0)].down_bias;
    const int vectors = p.shape.hidden / 4;
    float4* to = duties.parameters();
#pragma unroll 1
    for (int i = (helper - 1) * 32 + lane; i < vectors; i += 64) {
      const float4 gain = four_of(gains, i);
      const float4 shift = four_of(shifts, i);
      const float4 bias = four_of(biases, i);
      to[i] = gain;
      to[vectors + i] = shift;
      to[2 * vectors + i] = bias;
    }
    __syncwarp();
    if (lane == 0) arrive_at(shared_address(&own.parameters));
  }

  const Step& p;
  SingleShared<SLOTS>& own;
  const Layer* layers;
  Duties<T, SLOTS> duties;
  int helper;
  int lane;
};

// A norm's parameters in shared memory.
struct BroughtAffine {
  const float4* gains;
  int vectors;
  bool adds;  // whether products are added

  __device__ __forceinline__ float4 gain(int j) const { return at(0, j); }
  __device__ __forceinline__ float4 shift(int j) const { return at(1, j); }
  __device__ __forceinline__ float4 bias(int j) const { return adds ? at(2, j) : make_float4(0.f, 0.f, 0.f, 0.f); }

 private:
  __device__ __forceinline__ float4 at(int which, int j) const {
    return gains[which * vectors + threadIdx.x + j * kBlockThreads];
  }
};

template <typename T, int SLOTS>
class Single : private StepBase<T, 1, SLOTS, SentWeights<SLOTS>> {
  using Base = StepBase<T, 1, SLOTS, SentWeights<SLOTS>>;
  using Base::activations;
  using Base::layers;
  using Base::matrices;
  using Base::p;
  using Base::pitch;
  using Base::s;
  using Base::turn;
  using Base::weights;
  using Base::width;

  static_assert(sizeof(SingleShared<SLOTS>) == sizeof(typename Base::Shared) + kSingleBytes + SLOTS * kSingleSlotBytes,
                "Java asks for it");

 public:
  __device__ Single(const Step& step, SingleShared<SLOTS>& shared, const Layer* layers)
      : Base(step, shared.common, layers, SentWeights<SLOTS>(shared.common.ring, shared.ring_barriers)),
        own(shared),
        duties{step, shared},
        warp(threadIdx.x / 32) {
    // All columns of the tensor cores are given the factors of the one that there is.
    pitch = 0;
    const int position = this->read_columns();
    if (threadIdx.x == 0) plan_attention(position);
    sync_warps();
    const T* keys = this->keys_of(own.attention, duties.first_item(), own.heads_end);
    if (threadIdx.x % 32 == 0) own.first_keys[warp] = keys;
    __syncwarp();
  }

  __device__ __forceinline__ void run() {
    ask_for_first_keys(0);
    if (!own.idle) {
      embed();
    } else {
      begin_stage();
      take_residual();
    }
#pragma unroll 1
    for (int matrix = own.idle ? matrices : 0;; ++matrix) {
      const int kind = matrix % kLayerMatrices;
      const int l = matrix / kLayerMatrices;
      held_slice = -1;
      if (matrix < matrices) {
        begin_stage();
        if (kind == kMerge) attend(l);
      }
      // What comes after is asked for, and the weights brought while it is on its way.
      const Source source = source_of(matrix);
      uint4 words[kMostSlices];
      ask_words(words, source.count, source);
      Held held;
      if (matrix < matrices) hold_share(held, s.plan.share[kind][warp].count);
      if (kind == kQkv || kind == kUp) normalize_column(matrix, source, words);
      if (matrix == matrices) break;
      if (warp == kFinishingWarp) sync_at_named<kClearedThreads>(kClearedBarrier);
      multiply(held, kind, l, source, words);
      if (kind == kUp) {
        this->ask_for_parameters(l + 1);
        ask_for_first_keys(l + 1);
      }
    }
    if (!own.idle) begin_stage();
    this->take_head();
    if (p.tokens != nullptr) take_likeliest();
  }

 private:
  // The first of a warp's weights of an item.
  struct Held {
    uint4 tile[kHeldSlots][kSlotTiles];
  };

  __device__ __forceinline__ const T* first_keys() const { return static_cast<const T*>(own.first_keys[warp]); }

  __device__ __forceinline__ void ask_for_first_keys(int l) const {
    this->ask_for_keys(l, own.attention, duties.first_item(), first_keys());
  }

  __device__ __forceinline__ void begin_stage() const {
    if (warp == kFinishingWarp) arrive_at_named<kStageThreads>(kStageBarrier);
  }

  // With few keys, each block that merges heads attends for them itself, if its slice is whole heads.
  __device__ void plan_attention(int position) const {
    own.position = position;
    const Division& d = s.plan.division[kMerge];
    const int head_width = p.shape.head_width;
    const bool whole = d.slice_tiles() * kTileDepth<T> % head_width == 0 || p.merge_slices == 1;
    own.merging = position < kMergingKeys && whole && d.items() <= gridDim.x;
    own.attention = AttentionDivision(position, 1, p.shape.heads);
    own.first_head = own.rounds = own.depth = 0;
    own.heads_end = own.merging ? 0 : p.shape.heads;
    if (own.merging && duties.is_busy(kMerge)) {
      const Item slice = s.plan.first[kMerge];
      own.depth = slice.count * kTileDepth<T>;
      own.first_head = slice.first * kTileDepth<T> / head_width;
      own.heads_end = min(p.shape.heads, own.first_head + (own.depth + head_width - 1) / head_width);
      own.rounds = (own.heads_end - own.first_head + own.attention.together - 1) / own.attention.together;
    }
    own.idle = !duties.follows();
  }

  // Begins the residual.
  __device__ __forceinline__ void embed() const {
#pragma unroll 1
    for (int at = threadIdx.x; at < p.shape.hidden / 4; at += kBlockThreads) {
      duties.residual()[at] = embedded_four<T>(p.weights, p.shape, s.columns.tokens[0], own.position, 4 * at);
    }
  }

  // The last block to come appends the likeliest token to the sequence.
  __device__ __forceinline__ void take_likeliest() const {
    sync_warps();
    if (threadIdx.x == 0) {
      __threadfence();
      own.last = atomicAdd(&p.barrier->left, 1u) == gridDim.x - 1;
    }
    sync_warps();
    if (!own.last) return;
    __threadfence();
    unsigned long long best = 0;
    for (int i = threadIdx.x; i < gridDim.x * kBlockWarps; i += kBlockThreads) best = max(best, __ldcg(p.best + i));
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) best = max(best, __shfl_xor_sync(0xffffffffu, best, offset));
    if (threadIdx.x % 32 == 0) own.best[warp] = best;
    sync_warps();
    if (threadIdx.x != 0) return;
    for (int w = 1; w < kBlockWarps; ++w) best = max(best, own.best[w]);
    p.barrier->left = 0;
    append_token(p.sequences.history, p.sequences.history_pitch, p.sequences.newest, p.slots[0], likeliest_token(best),
                 p.tokens, p.step);
  }

  // Takes the residual that another block hands on.
  __device__ __forceinline__ void take_residual() {
#pragma unroll
    for (int j = 0; j < kThreadVectors; ++j) {
      const int at = threadIdx.x + j * kBlockThreads;
      uint4 words[1];
      receive_words(words, at < p.shape.hidden / 4 ? 1 : 0, [&](int) { return duties.kept_words(0) + 4 * at; });
      if (at < p.shape.hidden / 4) duties.residual()[at] = floats_of(words[0]);
    }
  }

  __device__ __forceinline__ void hand_on_residual() const {
#pragma unroll
    for (int j = 0; j < kThreadVectors; ++j) {
      const int at = 4 * (threadIdx.x + j * kBlockThreads);
      if (at < p.shape.hidden) {
        const float4 x = duties.residual()[threadIdx.x + j * kBlockThreads];
        const float four[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          put_word(duties.kept_words(0) + at + i, word_of(four[i]));
          put_word(duties.kept_words(1) + at + i, kAbsent);
        }
      }
    }
  }

  // The vectors of words that this thread waits for first in a stage, `step` words apart.
  struct Source {
    const unsigned* from;
    int step;
    int count;

    __device__ __forceinline__ const unsigned* operator()(int i) const { return from + i * step; }
  };

  // Products that are added to the residual before a matrix, or before the head, or the slice that an item wants.
  __device__ __forceinline__ Source source_of(int matrix) const {
    const int l = matrix / kLayerMatrices;
    const int kind = matrix % kLayerMatrices;
    const int hidden = p.shape.hidden;
    const bool has = threadIdx.x < hidden / 4;
    if (kind == kUp) {
      return {duties.words_of(l) + p.places.merge + 4 * threadIdx.x, hidden, has ? p.merge_slices : 0};
    }
    if (kind == kQkv) {
      return {duties.words_of(l - 1) + p.places.down + 4 * threadIdx.x, hidden, has && matrix > 0 ? p.down_slices : 0};
    }
    const Item& item = s.plan.first[kDown];
    return {duties.words_of(l) + p.places.inner + item.first * (kTileBytes / 4) + 4 * threadIdx.x, 0,
            kind == kDown && duties.is_busy(kDown) && threadIdx.x < item.count * (kTileBytes / 16) ? 1 : 0};
  }

  // Adds what was multiplied before a matrix, or before the head, to the residual, and leaves it normalised in shared
  // memory. The thread's first words were asked for.
  __device__ __forceinline__ void normalize_column(int matrix, const Source& source, uint4 (&words)[kMostSlices]) {
    held_slice = 0;
    const int kind = matrix % kLayerMatrices;
    const int vectors = p.shape.hidden / 4;
    const bool wide = is_wide(p.shape.hidden);
    const float4 zero = make_float4(0.f, 0.f, 0.f, 0.f);
    float4 x[kThreadVectors], products[kThreadVectors][kMostSlices];
#pragma unroll
    for (int j = 0; j < kThreadVectors; ++j) {
      const int at = threadIdx.x + j * kBlockThreads;
      x[j] = zero;
#pragma unroll
      for (int i = 0; i < kMostSlices; ++i) products[j][i] = zero;
      if (j > 0 && !wide) continue;
      if (at < vectors) x[j] = duties.residual()[at];
      const Source its = {source.from + 4 * kBlockThreads * j, source.step, at < vectors ? source.count : 0};
      if (j > 0) ask_words(words, its.count, its);
      await_words(words, its.count, its);
#pragma unroll
      for (int i = 0; i < kMostSlices; ++i) {
        if (i < its.count) products[j][i] = floats_of(words[i]);
      }
    }
    await_phase(shared_address(&own.parameters), (matrix / 2 + own.idle) % 2);
    const BroughtAffine affine = {duties.parameters(), vectors, matrix > 0};
    add_products(affine, p.shape.hidden, x, products);
#pragma unroll
    for (int j = 0; j < kThreadVectors; ++j) {
      if (threadIdx.x + j * kBlockThreads < vectors) duties.residual()[threadIdx.x + j * kBlockThreads] = x[j];
    }
    if (matrix == matrices || duties.is_busy(kind)) {
      normalize_vectors(p.shape, affine, x, s.norm, reinterpret_cast<T*>(activations));
    }
    if (matrix == matrices - 2 && s.plan.start[kUp] == 0) hand_on_residual();
    sync_warps();
  }

  // Attends for this block's items, or where blocks merge what they attend for, for the heads of this block's slice,
  // which are then in shared memory.
  __device__ __forceinline__ void attend(int l) {
    const int head_width = p.shape.head_width;
    const int position = own.position;
    const bool merging = own.merging;
    if (merging) {
      if (own.depth == 0) return;
      held_slice = s.plan.first[kMerge].slice;
      for (int i = (own.heads_end - own.first_head) * head_width + threadIdx.x; i < own.depth; i += kBlockThreads) {
        reinterpret_cast<T*>(activations)[i] = narrow<T>(0.f);
      }
    }
    const unsigned* query = duties.words_of(l) + p.places.qkv;
    // An area that the last product's sums do not lie in, if the outputs fit one.
    const bool fits = kBlockWarps * head_width <= static_cast<int>(sizeof(s.sums[0]) / sizeof(float));
    float* area = fits ? s.sums[turn] : s.sums[0];
    turn ^= 1;
    AttentionItem item = duties.first_item();
    const T* keys = first_keys();
    int number = merging ? 0 : blockIdx.x;
    const int first = number;
    const int numbers = merging ? own.rounds : own.attention.items;
#pragma unroll 1
    while (number < numbers) {
      const int part_of_newest = (position - item.chunk * kChunkKeys) / kWarpKeys;
      const int newest = own.attention.part_of_warp() == part_of_newest ? position % kWarpKeys : -1;
      attend_item(
          p.shape, own.attention, item, own.heads_end, position, this->in_layer(keys, l), p.sequences.value_bytes,
          area, s.attention, fits && number == first,
          [&](int head) { return ArrivingQuery<T>{query + head * head_width, width, newest}; },
          [&](int head, int e, float sum, float inverse) {
            if (merging) {
              reinterpret_cast<T*>(activations)[(head - own.first_head) * head_width + e] = narrow<T>(sum * inverse);
            } else {
              put_word(duties.chunk_words(l, head, item.chunk) + e, word_of(sum));
            }
          },
          [&](int head, float most, float all) {
            if (merging) return;
            unsigned* ends = duties.chunk_words(l, head, item.chunk) + head_width;
            put_word(ends, word_of(most));
            put_word(ends + 1, word_of(all));
          },
          [] {});
      if (merging) {
        ++number;
        item.head += own.attention.together;
      } else {
        number += gridDim.x;
        item = own.attention.item(number);
      }
      if (number < numbers) keys = this->keys_of(own.attention, item, own.heads_end);
    }
    if (merging) sync_warps();
  }

  // Four elements of a head's output from the chunks of its keys, in their order, as combine() computes them; 0 if this
  // lane wants none.
  __device__ __forceinline__ float4 combine_chunks(int l, int head, int element, bool wanted) const {
    const int count = own.position / kChunkKeys + 1;
    const int size = chunk_words_of(p.shape.head_width);
    const unsigned* chunks = duties.chunk_words(l, head, 0);
    float most = -INFINITY;
    float4 sum = make_float4(0.f, 0.f, 0.f, 0.f);
    float total = 0.f;
    // Twice, the largest score first, if they are too many to be kept.
    const bool once = count <= kChunksAtOnce;
#pragma unroll 1
    for (int c = 0, round = once ? 1 : 0; round < 2;) {
      const int here = wanted ? min(kChunksAtOnce, count - c) : 0;
      uint4 outputs[kChunksAtOnce];
      uint2 ends[kChunksAtOnce];  // the largest score and the sum of weights
      const auto output_at = [&](int i) { return chunks + (c + i) * size + element; };
      const auto ends_at = [&](int i) { return chunks + (c + i) * size + p.shape.head_width; };
      ask_words(outputs, round == 1 ? here : 0, output_at);
      ask_words(ends, here, ends_at);
      await_words(ends, here, ends_at);
      if (once || round == 0) {
#pragma unroll
        for (int i = 0; i < kChunksAtOnce; ++i) {
          if (i < here) most = fmaxf(most, __uint_as_float(ends[i].x));
        }
      }
      if (round == 1) {
        await_words(outputs, here, output_at);
#pragma unroll
        for (int i = 0; i < kChunksAtOnce; ++i) {
          if (i < here) {
            const float factor = exp2_of(__uint_as_float(ends[i].x) - most);
            const float4 output = floats_of(outputs[i]);
            sum.x += factor * output.x;
            sum.y += factor * output.y;
            sum.z += factor * output.z;
            sum.w += factor * output.w;
            total += factor * __uint_as_float(ends[i].y);
          }
        }
      }
      c += kChunksAtOnce;
      if (c >= count) {
        c = 0;
        ++round;
      }
    }
    const float inverse = wanted ? reciprocal_of(total) : 0.f;
    return make_float4(sum.x * inverse, sum.y * inverse, sum.z * inverse, sum.w * inverse);
  }

  // Brings the slice of the depth that an item wants to shared memory.
  __device__ __forceinline__ void want_slice(int kind, int l, const Item& item, bool asked, const Source& source,
                                             uint4 (&words)[kMostSlices]) {
    if (item.slice == held_slice) return;
    if (held_slice >= 0) sync_warps();
    held_slice = item.slice;
    const int lane = threadIdx.x % 32;
    if (kind == kMerge) {
      const int head_width = p.shape.head_width;
      const int vectors = item.count * (kTileDepth<T> / 4);
#pragma unroll 1
      for (int i = threadIdx.x; i - lane < vectors; i += kBlockThreads) {
        const int at = item.first * kTileDepth<T> + 4 * i;
        const int head = at / head_width;
        const float4 value = combine_chunks(l, head, at - head * head_width, i < vectors && head < p.shape.heads);
        if (i < vectors) {
          Vector<T, 4> four;
          four.element[0] = narrow<T>(value.x);
          four.element[1] = narrow<T>(value.y);
          four.element[2] = narrow<T>(value.z);
          four.element[3] = narrow<T>(value.w);
          reinterpret_cast<Vector<T, 4>*>(activations)[i] = four;
        }
      }
    } else {
      const int vectors = item.count * (kTileBytes / 16);
      const unsigned* from = duties.words_of(l) + p.places.inner + item.first * (kTileBytes / 4);
#pragma unroll 1
      for (int i = threadIdx.x; i - lane < vectors; i += kBlockThreads) {
        if (!asked || i >= kBlockThreads) ask_words(words, i < vectors ? 1 : 0, [&](int) { return from + 4 * i; });
        await_words(words, i < vectors ? 1 : 0, [&](int) { return from + 4 * i; });
        if (i < vectors) reinterpret_cast<uint4*>(activations)[i] = words[0];
      }
    }
    sync_warps();
  }

  // Brings the first of a warp's tiles from the ring to registers.
  __device__ __forceinline__ void hold_share(Held& held, int count) {
    const int slots = min(kHeldSlots, (count + kSlotTiles - 1) / kSlotTiles);
    if (slots == 0) return;
#pragma unroll
    for (int h = 0; h < kHeldSlots; ++h) {
      if (h < slots) {
        weights.await();
#pragma unroll
        for (int i = 0; i < kSlotTiles; ++i) held.tile[h][i] = weights.tile(i);
        weights.take();
      }
    }
  }

  // Multiplies a warp's tiles, of which the first are held. All columns of the tensor cores are given the same factors,
  // and the first one's sums are used.
  __device__ __forceinline__ void multiply_held(float (&acc)[2][1][4], const Held& held, const char* column, int count) {
    uint2 factor[kHeldSlots][kSlotTiles];
#pragma unroll
    for (int h = 0; h < kHeldSlots; ++h) {
#pragma unroll
      for (int i = 0; i < kSlotTiles; ++i) {
        factor[h][i] = *reinterpret_cast<const uint2*>(column + (h * kSlotTiles + i) * kTileBytes);
      }
    }
#pragma unroll
    for (int h = 0; h < kHeldSlots; ++h) {
      if (count >= (h + 1) * kSlotTiles) {
#pragma unroll
        for (int i = 0; i < kSlotTiles; ++i) multiply_one_held(acc[i % 2][0], held.tile[h][i], factor[h][i]);
      } else {
#pragma unroll
        for (int i = 0; i < kSlotTiles - 1; ++i) {
          if (h * kSlotTiles + i < count) multiply_one_held(acc[0][0], held.tile[h][i], factor[h][i]);
        }
      }
    }
  }

  static __device__ __forceinline__ void multiply_one_held(float (&acc)[4], const uint4& w, const uint2& factor) {
    multiply_tile<T>(acc, {w.x, w.y}, {w.z, w.w}, factor);
  }

  // Multiplies this block's items of a layer's matrix. The first one's bias is known.
  __device__ __forceinline__ void multiply(Held& held, int kind, int l, const Source& source,
                                           uint4 (&words)[kMostSlices]) {
    const int lane = threadIdx.x % 32;
    const int sum_at = this->sum_begin(lane, 0);
    Item item = s.plan.first[kind];
    Share share = s.plan.share[kind][warp];
    int number = s.plan.start[kind];
#pragma unroll 1
    while (number < s.plan.items[kind]) {
      want_slice(kind, l, item, number == s.plan.start[kind], source, words);
      float acc[2][1][4];
      this->clear_sums(acc);
      const char* column = activations + lane % 4 * 8 + share.depth * kTileBytes;
      multiply_held(acc, held, column, share.count);
      constexpr int kHeldTiles = kHeldSlots * kSlotTiles;
      if (share.count > kHeldTiles) {
        this->multiply_share(acc, column + kHeldTiles * kTileBytes, share.count - kHeldTiles, false);
      }
      // Two areas take turns, so that one barrier an item is enough.
      float* area = s.sums[turn];
      turn ^= 1;
      this->leave_sums(area, acc);
      sync_warps();
      if (warp == kFinishingWarp) finish(kind, l, this->output_of(item), this->sum_of_warps(area + sum_at));
      number += gridDim.x;
      if (number < s.plan.items[kind]) {
        item = s.plan.division[kind].item(number);
        share = Plan::share_of(s.plan.division[kind], item, warp);
        if (warp == kFinishingWarp) duties.expect_item(layers[l], kind, l, item);
        hold_share(held, share.count);
      }
    }
  }

  // Hands an output on, as a lane of the finishing warp.
  __device__ __forceinline__ void finish(int kind, int l, int output, float sum) const {
    unsigned* at = own.places[threadIdx.x % 32];
    sum += own.biases[threadIdx.x % 32];
    unsigned word;
    if (kind == kQkv) {
      if (output < width) {
        word = word_of(sum * layers[l].scale);
      } else {
        const T element = narrow<T>(sum);
        word = word_of(widen(element));
      }
    } else if (kind == kUp) {
      const T element = narrow<T>(output < p.shape.inner ? activated(p.shape.activation, sum) : 0.f);
      if (sizeof(T) == 4) {
        word = word_of(widen(element));
      } else {
        const unsigned bits = *reinterpret_cast<const unsigned short*>(&element);
        word = bits | __shfl_down_sync(0xffffffffu, bits, 1) << 16;
      }
    } else {
      word = word_of(sum);
    }
    if (at != nullptr) put_word(at, word);
    if (kind == kQkv && output >= width && output < 3 * width) this->cache(l, 0, output, narrow<T>(sum));
  }

  SingleShared<SLOTS>& own;
  Duties<T, SLOTS> duties;
  int warp;
  int held_slice;
};

template <typename T, int SLOTS>
__device__ __forceinline__ void take_single(const Step& step, SingleShared<SLOTS>& shared) {
  Layer* layers = reinterpret_cast<Layer*>(&shared + 1);
  prepare_step(step, shared.common, layers);
  shared.ring_barriers.prepare();
  if (threadIdx.x == 0) make_barrier(shared_address(&shared.parameters), 2);
  show_barriers();
  __syncthreads();
  if (threadIdx.x < kBlockThreads) {
    take_registers_up_to<kSingleRegisters>();
    Single<T, SLOTS>(step, shared, layers).run();
  } else {
    give_registers_up_to<kHelperRegisters>();
    const int helper = threadIdx.x / 32 - kBlockWarps - 1;
    if (helper < 0) {
      send_weights(step, shared.common.ring, shared.ring_barriers, layers, shared.common.plan);
    } else {
      Helper<T, SLOTS>(step, shared, layers, helper).run();
    }
  }
}

#define SINGLE_KERNEL(T, SLOTS)                                                                        \
  extern "C" __global__ void __launch_bounds__(kSingleThreads, 1)                                     \
      gpt2_single_##T##_##SLOTS(const __grid_constant__ Step step) {                                   \
    extern __shared__ __align__(128) char shared[];                                                   \
    take_single<T>(step, *static_cast<SingleShared<SLOTS>*>(kept_pointer(shared)));                    \
  }
