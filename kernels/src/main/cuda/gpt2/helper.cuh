// The warps that prepare what the stages of a step of one column ask for.
#pragma once

#include "gpt2/duties.cuh"

// The first of them clears the places of the next turn before results of this one are handed on, and notes where to; the
// others bring the parameters of norms.
template <typename T, int SLOTS>
class Helper {
 public:
  // `helper` is the number of the warp.
  __device__ Helper(const Step& p, SingleShared<SLOTS>& own, const Layer* layers, int helper)
      : p(p), own(own), layers(layers), duties{p, own}, number(helper), lane(threadIdx.x % 32) {}

  __device__ __forceinline__ void run() const {
    const int matrices = kLayerMatrices * p.shape.layers;
    bring_parameters(0);
    sync_at_named<kStageThreads>(kStageBarrier);
    if (own.idle) {
      if (number > 0) await_phase(shared_address(&own.parameters), 0);
      bring_parameters(matrices);
      return;
    }
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
        // The norm before has been taken by now.
        bring_parameters(matrix + 1);
      }
    }
    sync_at_named<kStageThreads>(kStageBarrier);
    if (number == 0 && !own.merging) {
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
    if (number == 0) return;
    const bool last = matrix == kLayerMatrices * p.shape.layers;
    const bool upper = matrix % kLayerMatrices == kUp;
    const int l = matrix / kLayerMatrices;
    const float* gains = last ? p.weights.last_gain : upper ? layers[l].gain2 : layers[l].gain1;
    const float* shifts = last ? p.weights.last_shift : upper ? layers[l].shift2 : layers[l].shift1;
    const float* biases = upper ? layers[l].merge_bias : layers[max(l - 1, 0)].down_bias;
    const int vectors = p.shape.hidden / 4;
    float4* to = duties.parameters();
#pragma unroll 1
    for (int i = (number - 1) * 32 + lane; i < vectors; i += 64) {
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
  int number;
  int lane;
};
