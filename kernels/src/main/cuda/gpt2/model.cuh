// A GPT-2 model as its kernels see it: shapes, packed weights, and the state of the sequences that it continues.
//
// A packed matrix is cut into tiles of 16 outputs by 32 bytes of depth: what one instruction of the tensor cores takes.
// A tile is 512 bytes in the order in which a warp's lanes take them, so that a warp reads a tile with one instruction
// and keeps it in registers. Lane 4 * g + t has outputs g and g + 8, of each the eight bytes of depth that begin at
// 8 * t. Whether these are the depths that the instruction numbers so does not matter: the other factor is read alike.
#pragma once

#include "common/ptx.cuh"
#include "common/types.cuh"
#include "gemm/copies.cuh"

constexpr int kTileOutputs = 16;
constexpr int kTileBytes = 32;    // of depth
constexpr int kPagePositions = 64;
constexpr int kMostColumns = 32;  // of a step
constexpr int kLayerBytes = 104;

// Elements of depth in a tile, and in a lane's eight bytes.
template <typename T>
constexpr int kTileDepth = kTileBytes / static_cast<int>(sizeof(T));
template <typename T>
constexpr int kLaneDepth = 8 / static_cast<int>(sizeof(T));

// The weights of a layer. Gains, shifts and biases are float32 and lie in one piece that begins with gain1.
struct Layer {
  const float* gain1;
  const float* shift1;
  const uint4* qkv;
  const float* qkv_bias;
  const uint4* merge;
  const float* merge_bias;
  const float* gain2;
  const float* shift2;
  const uint4* up;
  const float* up_bias;
  const uint4* down;
  const float* down_bias;
  float scale;  // of scores, times log2(e)
};
static_assert(sizeof(Layer) == kLayerBytes, "Java writes layers of this size");

// Sizes. Widths in tiles are rounded up; what is between is 0 in weights and activations alike.
struct Shape {
  int layers;
  int hidden;  // a multiple of 4
  int hidden_tiles;
  int heads;
  int head_width;       // of a head in memory: a multiple of 16 bytes
  int attention_tiles;  // of heads * head_width
  int inner;
  int inner_tiles;
  int vocabulary;
  int positions;
  int activation;
  float epsilon;
};

struct Weights {
  const Layer* layers;
  const uint4* tokens;    // packed as a matrix whose outputs are the tokens
  const uint4* head;      // the same where the head is tied
  const void* positions;  // (positions, hidden), row-major
  const float* last_gain;
  const float* last_shift;
};

// The sequences: tokens by slot and position, and the cache of keys and values. A page has 64 positions; of each layer
// its keys (position, head, width) and, `value_bytes` after them, its values.
struct Sequences {
  const unsigned long long* pages;  // by slot and page
  int* history;                     // by slot and position
  int* newest;                      // by slot: the position of the newest token
  long long layer_bytes;            // from a layer's keys to the next layer's
  long long value_bytes;
  int slot_pages;
  int history_pitch;
};

template <typename T>
__device__ __forceinline__ T* cached(const Sequences& s, const Shape& shape, int slot, int position, int layer,
                                     bool value) {
  const unsigned long long page = __ldg(s.pages + static_cast<long long>(slot) * s.slot_pages + position / kPagePositions);
  const long long at = layer * s.layer_bytes + (value ? s.value_bytes : 0);
  return reinterpret_cast<T*>(page + at) +
         static_cast<long long>(position % kPagePositions) * shape.heads * shape.head_width;
}

// An element of a packed matrix.
template <typename T>
__device__ __forceinline__ float packed_element(const uint4* tiles, int depth_tiles, int output, int depth) {
  const long long tile = static_cast<long long>(output / kTileOutputs) * depth_tiles + depth / kTileDepth<T>;
  const int in_tile = depth % kTileDepth<T>;
  const int lane = output % 8 * 4 + in_tile / kLaneDepth<T>;
  const int half = output / 8 % 2;
  const T* element = reinterpret_cast<const T*>(tiles) + ((tile * 32 + lane) * 2 + half) * kLaneDepth<T> +
                     in_tile % kLaneDepth<T>;
  return widen(__ldg(element));
}

// Four neighbours of the sum of what a model knows of a token and of its position.
template <typename T>
__device__ __forceinline__ float4 embedded_four(const Weights& w, const Shape& shape, int token, int position, int i) {
  const T* row = static_cast<const T*>(w.positions) + static_cast<long long>(position) * shape.hidden + i;
  float v[4];
#pragma unroll
  for (int j = 0; j < 4; ++j) v[j] = packed_element<T>(w.tokens, shape.hidden_tiles, token, i + j) + widen(__ldg(row + j));
  return make_float4(v[0], v[1], v[2], v[3]);
}

// sums (16 x 8) += rows * columns over 32 bytes of depth. `low` and `high` are a lane's eight bytes of rows g and
// g + 8, `column` those of column g.
template <typename T>
__device__ __forceinline__ void multiply_tile(float (&sums)[4], uint2 low, uint2 high, uint2 column) {
  const unsigned a[4] = {low.x, high.x, low.y, high.y};
  multiply_add<T>(sums, a, column.x, column.y);
}

// float32 by three products of TF32: numbers are split into two of 11 bits each, which leaves an error of about 2^-22
// (Markidis et al. 2018, doi 10.1109/IPDPSW.2018.00091).
template <>
__device__ __forceinline__ void multiply_tile<f32>(float (&sums)[4], uint2 low, uint2 high, uint2 column) {
  const float a[4] = {__uint_as_float(low.x), __uint_as_float(high.x), __uint_as_float(low.y),
                      __uint_as_float(high.y)};
  const float b[2] = {__uint_as_float(column.x), __uint_as_float(column.y)};
  unsigned ah[4], al[4], bh[2], bl[2];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    ah[i] = round_to_tf32(__float_as_uint(a[i]));
    al[i] = __float_as_uint(a[i] - __uint_as_float(ah[i]));
  }
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    bh[i] = round_to_tf32(__float_as_uint(b[i]));
    bl[i] = __float_as_uint(b[i] - __uint_as_float(bh[i]));
  }
  multiply_add<tf32>(sums, al, bh[0], bh[1]);
  multiply_add<tf32>(sums, ah, bl[0], bl[1]);
  multiply_add<tf32>(sums, ah, bh[0], bh[1]);
}
