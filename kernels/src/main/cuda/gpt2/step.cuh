// One step of a GPT-2 for up to 32 columns, each a token of a sequence, in one launch: blocks that fill the device once
// go through all layers together, with a barrier where they need each other's results.
#pragma once

#include "gpt2/base.cuh"

template <typename T, int N, int SLOTS>
class Stepper : private StepBase<T, N, SLOTS, WeightStream<SLOTS>> {
  using Base = StepBase<T, N, SLOTS, WeightStream<SLOTS>>;
  using Base::activations;
  using Base::layers;
  using Base::matrices;
  using Base::p;
  using Base::pitch;
  using Base::s;
  using Base::turn;
  using Base::weights;
  using Base::width;

 public:
  __device__ Stepper(const Step& step, typename Base::Shared& shared, const Layer* layers)
      : Base(step, shared, layers, WeightStream<SLOTS>(step, shared.ring, layers, shared.plan)),
        grid(step.barrier),
        attention(this->read_columns(), step.columns, step.shape.heads),
        first_item(attention.item(blockIdx.x)),
        first_keys(this->keys_of(attention, first_item, step.shape.heads)),
        sum_at(this->sum_begin(threadIdx.x % (2 * kTileOutputs), threadIdx.x / 32)) {}

  __device__ void run() {
    this->ask_for_keys(0, attention, first_item, first_keys);
    look_ahead(0);
#pragma unroll 1
    for (int matrix = 0;; ++matrix) {
      const int kind = matrix % kLayerMatrices;
      const int l = matrix / kLayerMatrices;
      held_slice = -1;
      if (kind == kQkv || kind == kUp) {
        normalize_columns();
      } else if (kind == kMerge) {
        attend(l);
        grid.arrive();
        grid.wait();
      }
      if (matrix == matrices) {
        this->take_head();
        break;
      }
      multiply(kind, l);
      if (!p.wants_logits && matrix == matrices - kLayerMatrices) break;
      // Weights are not sent for here: what others are waited for with would stand behind them.
      grid.arrive();
      look_ahead(matrix + 1);
      weights.look_ahead();
      if (kind == kUp) {
        this->ask_for_parameters(l + 1);
        this->ask_for_keys(l + 1, attention, first_item, first_keys);
      }
      grid.wait();
    }
    grid.leave();
  }

 private:
  // What is known of the next matrix.
  struct Ahead {
    Item item;  // this block's first
    Share share;
    int start;  // its number
    float bias;
  };

  // Finds out what can be known of a matrix and of the norm before it while other blocks are waited for.
  __device__ __forceinline__ void look_ahead(int matrix) {
    const int kind = matrix % kLayerMatrices;
    const bool last = matrix == matrices;
    const int l = matrix / kLayerMatrices;
    ahead.start = s.plan.start[kind];
    ahead.item = s.plan.first[kind];
    ahead.share = s.plan.share[kind][threadIdx.x / 32];
    ahead.bias = 0.f;
    if (kind == kMerge || kind == kDown) return;
    const bool upper = kind == kUp;
    if (!last && ahead.start < s.plan.items[kind]) {
      ahead.bias = bias_of_output(p, layers[l], kind, this->output_of(ahead.item));
    }
    const int vectors = p.shape.hidden / 4;
    const int at = blockIdx.x * vectors + threadIdx.x;
    part.x = reinterpret_cast<float4*>(p.x) + at;
    part.embeds = matrix == 0;
    part.partials = reinterpret_cast<const float4*>(p.partials) + at;
    part.slices = matrix == 0 ? 0 : upper ? p.merge_slices : p.down_slices;
    part.slice_step = p.columns * vectors;
    const NormVectors its = norm_vectors(p, layers, matrix);
    affine = Affine(p.shape.hidden, its.gains, its.shifts, its.biases);
  }

  // Leaves all columns normalised in shared memory. A column is normalised by one block.
  __device__ __forceinline__ void normalize_columns() {
    pitch = row_bytes(p.shape.hidden_tiles);
    held_slice = 0;
    const int packed = p.shape.hidden_tiles * kTileDepth<T>;
    T* out = static_cast<T*>(p.normalized) + blockIdx.x * packed;
    const int step = gridDim.x * (p.shape.hidden / 4);
#pragma unroll 1
    for (int c = blockIdx.x; c < p.columns; c += gridDim.x) {
      normalize<T>(p.weights, p.shape, part, affine, s.columns.tokens[c], s.columns.positions[c], s.norm, out,
                   [&] { weights.refill(); });
      out += gridDim.x * packed;
      part.x += step;
      part.partials += step;
      sync_warps();
    }
    grid.arrive();
    grid.wait();
    copy_columns<N>(activations, pitch, static_cast<const char*>(p.normalized), packed * sizeof(T),
                    packed * sizeof(T) / 16, p.columns, [&] { weights.refill(); });
    sync_warps();
    weights.refill();
  }

  // Brings the slice of the depth that an item wants to shared memory.
  __device__ __forceinline__ void want_slice(int kind, const Item& item) {
    if (item.slice == held_slice) return;
    if (held_slice >= 0) sync_warps();
    held_slice = item.slice;
    const Division& d = s.plan.division[kind];
    pitch = row_bytes(d.slice_tiles());
    const char* from = static_cast<const char*>(kind == kMerge ? p.attended : p.inner) + item.first * kTileBytes;
    copy_columns<N>(activations, pitch, from, d.depth_tiles * kTileBytes, item.count * kTileBytes / 16, p.columns,
                    [&] { weights.refill(); });
    sync_warps();
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
        ahead.bias = bias_of_output(p, layers[l], kind, this->output_of(ahead.item));
      }
      want_slice(kind, ahead.item);
      float acc[2][N][4];
      this->clear_sums(acc);
      this->multiply_share(acc, activations + lane / 4 * pitch + lane % 4 * 8 + ahead.share.depth * kTileBytes,
                           ahead.share.count, false);
      // Two areas take turns, so that one barrier an item is enough.
      float* area = s.sums[turn];
      turn ^= 1;
      this->leave_sums(area, acc);
      sync_warps();
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const int c = warp + i * kBlockWarps;
        if (c < p.columns) {
          const float sum = this->sum_of_warps(area + sum_at + i * 128);
          finish(kind, l, c, this->output_of(ahead.item), ahead.item.slice, sum + ahead.bias);
        }
      }
    }
  }

  __device__ __forceinline__ void finish(int kind, int l, int column, int output, int slice, float sum) {
    if (kind == kQkv) {
      if (output < width) {
        p.query[static_cast<long long>(column) * width + output] = sum * layers[l].scale;
      } else if (output < 3 * width) {
        this->cache(l, column, output, narrow<T>(sum));
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

  // Attends for this block's items.
  __device__ __forceinline__ void attend(int l) {
    const Attending where = {p.query, p.chunks, p.chunk_counts, p.most_chunks};
    AttentionItem item = first_item;
#pragma unroll 1
    for (int number = blockIdx.x; number < attention.items; number += gridDim.x, item = attention.item(number)) {
      const int position = s.columns.positions[item.column];
      if (item.chunk * kChunkKeys > position) continue;
      const T* keys = number == blockIdx.x ? first_keys : this->keys_of(attention, item, p.shape.heads);
      T* attended = static_cast<T*>(p.attended) +
                    static_cast<long long>(item.column) * p.shape.attention_tiles * kTileDepth<T>;
      attend_chunk(p.shape, where, attention, item, position, this->in_layer(keys, l), p.sequences.value_bytes,
                   attended, s.sums[0], s.attention, [&] { weights.refill(); });
    }
  }

  Grid grid;
  AttentionDivision attention;
  AttentionItem first_item;
  const T* first_keys;
  Ahead ahead;
  NormPart part;
  Affine affine;
  int sum_at;  // of this thread's output of a column among the warps' sums
  int held_slice;
};

template <typename T, int N, int SLOTS>
__device__ __forceinline__ void take_step(const Step& step, StepShared<N, SLOTS>& shared) {
  Layer* layers = reinterpret_cast<Layer*>(&shared + 1);
  prepare_step(step, shared, layers);
  __syncthreads();
  Stepper<T, N, SLOTS>(step, shared, layers).run();
}

#define STEP_KERNEL(T, N, SLOTS)                                                                      \
  extern "C" __global__ void __launch_bounds__(kBlockThreads, 1)                                     \
      gpt2_step_##T##_##N##_##SLOTS(const __grid_constant__ Step step) {                              \
    extern __shared__ __align__(128) char shared[];                                                  \
    take_step<T>(step, *static_cast<StepShared<N, SLOTS>*>(kept_pointer(shared)));                     \
  }
