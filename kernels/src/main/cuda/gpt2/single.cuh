// One step of a GPT-2 for one column in one launch. The same numbers as step.cuh computes for it, without a barrier
// among blocks: what they need of each other they hand on as words (words.cuh), so that a result is under way once and
// not three times (to be visible, to be announced, to be fetched). While it is, a warp brings its next weights from the
// ring to registers.
//
// Each block keeps the residual for itself, and adds all products to it in the same order. Blocks that have nothing to
// do in the layers take it from another one at the end: nobody waits for them, so that they might come too late to
// follow.
#pragma once

#include "gpt2/arriving.cuh"
#include "gpt2/helper.cuh"

constexpr int kMergingKeys = 128;  // up to which blocks that merge heads attend for themselves
constexpr int kHeldSlots = 3;      // of weights, in registers
constexpr int kHeldBytes = 384;    // of depth, in these slots
constexpr int kFinishingWarp = 7;  // hands a block's outputs on; the last has least to wait for
constexpr int kChunksAtOnce = 10;  // that are asked for

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
  static_assert(kHeldBytes == kHeldSlots * kSlotTiles * kTileBytes, "Java asks for it");

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
    Source inner = inner_source(l, s.plan.first[kDown]);
    if (kind != kDown || !duties.is_busy(kDown)) inner.count = 0;
    return inner;
  }

  // Vectors of 16 bytes of the slice that an item wants.
  static __device__ __forceinline__ int slice_vectors(const Item& item) { return item.count * (kTileBytes / 16); }

  // The activations of the slice that an item of the last matrix of a layer wants.
  __device__ __forceinline__ Source inner_source(int l, const Item& item) const {
    return {duties.words_of(l) + p.places.inner + item.first * (kTileBytes / 4) + 4 * threadIdx.x, 0,
            threadIdx.x < slice_vectors(item) ? 1 : 0};
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
    // Every second matrix has a norm before it, and an idle block has one norm.
    await_phase(shared_address(&own.parameters), own.idle ? 0 : matrix / 2 % 2);
    const BroughtAffine affine = {duties.parameters(), vectors};
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

  // Brings the slice of the depth that an item wants to shared memory. The thread's first words of the first item were
  // asked for.
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
        if (i < vectors) reinterpret_cast<Vector<T, 4>*>(activations)[i] = narrow_four<T>(value);
      }
    } else {
      Source its = asked ? source : inner_source(l, item);
#pragma unroll 1
      for (int i = threadIdx.x; i - lane < slice_vectors(item); i += kBlockThreads) {
        its.count = i < slice_vectors(item) ? 1 : 0;
        if (!asked || i >= kBlockThreads) ask_words(words, its.count, its);
        await_words(words, its.count, its);
        if (i < slice_vectors(item)) reinterpret_cast<uint4*>(activations)[i] = words[0];
        its.from += 4 * kBlockThreads;
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
  // and the first one's sums are used. Factors of all tiles that could be held are read, and those beyond the warp's
  // are not used: kHeldBytes follow the activations.
  __device__ __forceinline__ void multiply_held(float (&acc)[2][1][4], const Held& held, const char* column,
                                                int count) {
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

  // Multiplies this block's items of a layer's matrix. The first one is expected already.
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
