// The warps that prepare what the stages of a step of one column ask for.
#pragma once

#include "gpt2/duties.cuh"

// The first of them clears the places of the next turn before results of this one are handed on, and notes where to;
// the others bring the parameters of norms.
template <typename T, int SLOTS>
class Helper {
 public:
  // `helper` is the number of the warp.
  __device__ Helper(const Step& p, SingleShared<SLOTS>& own, const Layer* layers, int helper)
      : p(p), own(own), layers(layers), duties{p, own}, number(helper), lane(threadIdx.x % 32) {}

  __device__ __forceinline__ void run() const {
    const int matrices = kLayerMatrices * p.shape.layers;
    sync_at_named<kStageThreads>(kStageBarrier);
    // Of the first norm that the block takes: an idle one's is that before the head.
    bring_parameters(own.idle ? matrices : 0);
    if (own.idle) return;
#pragma unroll 1
    for (int matrix = 0; matrix < matrices; ++matrix) {
      const int kind = matrix % kLayerMatrices;
      if (matrix > 0) sync_at_named<kStageThreads>(kStageBarrier);
      if (number == 0) {
        clear(kind, matrix / kLayerMatrices + 1);
        fence();
        if (duties.is_busy(kind)) {
          const int l = matrix / kLayerMatrices;
          duties.expect_item(layers[l], kind, l, own.common.plan.first[kind]);
        }
        arrive_at_named<kClearedThreads>(kClearedBarrier);
      } else if (kind == kMerge || kind == kDown) {
        // All warps have taken the norm before by now.
        bring_parameters(matrix + 1);
      }
    }
    sync_at_named<kStageThreads>(kStageBarrier);
    if (number == 0 && !own.merging) {
      // Other than the rest, which chunks there are differs from step to step: none may be left. The turn after the
      // last layer's is cleared.
      for (int back = 1; back < kTurns; ++back) clear_chunks(p.shape.layers - back);
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
    if (number == 0) return;
    const NormVectors its = norm_vectors(p, layers, matrix);
    const int vectors = p.shape.hidden / 4;
    float4* to = duties.parameters();
#pragma unroll 1
    for (int i = (number - 1) * 32 + lane; i < vectors; i += 64) {
      const float4 gain = four_of(its.gains, i);
      const float4 shift = four_of(its.shifts, i);
      const float4 bias = its.biases == nullptr ? make_float4(0.f, 0.f, 0.f, 0.f) : four_of(its.biases, i);
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
  int number;
  int lane;
};
