// Prompts longer than a step takes: all tokens of a sequence at once, layer by layer, as large products.
//
// The weights are those of the steps. Here the tensor cores take tokens as rows and outputs as columns, so that a
// lane's sums are neighbouring outputs; a tile of 16 outputs is two of the instruction's columns of eight.
#pragma once

#include "gpt2/activation.cuh"
#include "gpt2/norm.cuh"

constexpr int kPromptThreads = 128;  // four warps, two by two
constexpr int kPromptLarge = 4;      // a warp has so many times 16 tokens and 16 outputs
constexpr int kPromptSmall = 2;
constexpr int kPromptTiles = 4;      // of depth at a time
constexpr int kPromptStages = 3;
constexpr int kPromptRowBytes = 128;  // kPromptTiles * kTileBytes

constexpr int kPromptQkv = 0;    // bias; to `out` and to the cache
constexpr int kPromptAdd = 1;    // bias, added to float32 `out`
constexpr int kPromptInner = 2;  // bias and activation

struct PromptNorm {
  Shape shape;
  Weights weights;
  Sequences sequences;
  float* x;  // (token, hidden), read, or written where it begins with embeddings
  const float* gain;
  const float* shift;
  void* out;  // (token, hidden_tiles)
  int embeds;
  int slot;
  int first;  // position of the first token
};

template <typename T>
__device__ __forceinline__ void normalize_prompt(const PromptNorm& p) {
  __shared__ NormScratch scratch;
  const int position = p.first + blockIdx.x;
  const int token =
      p.embeds ? __ldg(p.sequences.history + static_cast<long long>(p.slot) * p.sequences.history_pitch + position) : 0;
  scratch.prepare(p.shape.hidden);
  __syncthreads();
  NormPart part;
  part.x = reinterpret_cast<float4*>(p.x + static_cast<long long>(blockIdx.x) * p.shape.hidden) + threadIdx.x;
  part.embeds = p.embeds;
  part.partials = nullptr;
  part.slices = 0;
  const Affine affine(p.shape.hidden, p.gain, p.shift, nullptr);
  const int pitch = p.shape.hidden_tiles * kTileDepth<T>;
  normalize<T>(p.weights, p.shape, part, affine, token, position, scratch,
               static_cast<T*>(p.out) + static_cast<long long>(blockIdx.x) * pitch, [] {});
}

struct PromptProduct {
  Shape shape;
  Sequences sequences;
  const void* in;  // (token, depth_tiles)
  const uint4* weights;
  const float* bias;
  void* out;
  long long out_pitch;  // elements
  int tokens;
  int outputs;
  int depth_tiles;
  int way;
  int layer;
  int slot;
  int first;
};

// A row's 16-byte pieces, so placed that rows g and lanes t of a warp's read meet in no bank.
__device__ __forceinline__ int swizzled(int row, int piece) { return piece ^ ((row & 3) << 1); }

// Copies a stage: 32 * R rows of tokens, then 2 * R tiles of outputs, kPromptTiles tiles deep.
template <int R>
__device__ __forceinline__ void copy_stage(const PromptProduct& p, unsigned rows, int from_tile, int token_base,
                                           int tile_base) {
  constexpr int kRows = 32 * R;
  const unsigned tiles = rows + kRows * kPromptRowBytes;
  const char* in = static_cast<const char*>(p.in);
#pragma unroll
  for (int i = 0; i < 2 * R; ++i) {
    const int index = i * kPromptThreads + threadIdx.x;
    const int row = index / 8;
    const int piece = index % 8;
    const bool there = token_base + row < p.tokens && from_tile + piece / 2 < p.depth_tiles;
    const long long at =
        there ? (static_cast<long long>(token_base + row) * p.depth_tiles + from_tile) * kTileBytes + piece * 16 : 0;
    copy_vector_or_zero(rows + row * kPromptRowBytes + swizzled(row, piece) * 16, in + at, there);
  }
  const int output_tiles = (p.outputs + kTileOutputs - 1) / kTileOutputs;
#pragma unroll
  for (int i = 0; i < 2 * R; ++i) {
    // The tiles of 16 outputs lie beside each other: (output tile, depth tile, lane).
    const int index = i * kPromptThreads + threadIdx.x;
    const int tile = index / 128;
    const int in_tile = index % 128;
    const bool there = tile_base + tile < output_tiles && from_tile + in_tile / 32 < p.depth_tiles;
    const long long at =
        there ? (static_cast<long long>(tile_base + tile) * p.depth_tiles + from_tile) * 32 + in_tile : 0;
    copy_vector_or_zero(tiles + index * 16, p.weights + at, there);
  }
}

// A token's sums of a warp: two neighbours of each of G groups of outputs, which are eight apart.
template <int G>
struct RowSums {
  float v[G][2];
};

// What is added to is read for all groups before any is written, as a read would wait for the writes before it.
template <int G>
__device__ __forceinline__ void add_row(const PromptProduct& p, long long at, int output, const RowSums<G>& row) {
  float* out = static_cast<float*>(p.out) + at;
  float before[G][2];
#pragma unroll
  for (int n = 0; n < G; ++n) {
#pragma unroll
    for (int j = 0; j < 2; ++j) before[n][j] = output + n * 8 + j < p.outputs ? out[n * 8 + j] : 0.f;
  }
#pragma unroll
  for (int n = 0; n < G; ++n) {
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      if (output + n * 8 + j < p.outputs) out[n * 8 + j] = before[n][j] + row.v[n][j];
    }
  }
}

// Writes a row, rounded to T.
template <typename T, int G>
__device__ __forceinline__ void store_row(T* out, int output, int outputs, bool pairs, const RowSums<G>& row) {
#pragma unroll
  for (int n = 0; n < G; ++n) {
    Vector<T, 2> pair;
    pair.element[0] = narrow<T>(row.v[n][0]);
    pair.element[1] = narrow<T>(row.v[n][1]);
    if (pairs) {
      if (output + n * 8 < outputs) *reinterpret_cast<Vector<T, 2>*>(out + n * 8) = pair;
    } else {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        if (output + n * 8 + j < outputs) out[n * 8 + j] = pair.element[j];
      }
    }
  }
}

// Applies an activation that is not GPT-2's usual one. The values take turns in the first place, so that the code stands
// here once.
template <int G>
__device__ __forceinline__ void activate_row(int activation, RowSums<G>& row) {
#pragma unroll 1
  for (int i = 0; i < 2 * G; ++i) {
    const float value = activate(activation, row.v[0][0]);
#pragma unroll
    for (int n = 0; n < G; ++n) {
      row.v[n][0] = row.v[n][1];
      row.v[n][1] = n + 1 < G ? row.v[n + 1][0] : value;
    }
  }
}

template <typename T, int G>
__device__ __forceinline__ void finish_row(const PromptProduct& p, int token, int output, const RowSums<G>& bias,
                                           RowSums<G>& row) {
  const long long at = token * p.out_pitch + output;
  const bool pairs = (p.out_pitch | p.outputs) % 2 == 0;
#pragma unroll
  for (int n = 0; n < G; ++n) {
    row.v[n][0] += bias.v[n][0];
    row.v[n][1] += bias.v[n][1];
  }
  if (p.way == kPromptAdd) {
    add_row(p, at, output, row);
    return;
  }
  if (p.way == kPromptInner) {
    if (p.shape.activation == kActivationGeluTanh) {
#pragma unroll
      for (int n = 0; n < G; ++n) {
        row.v[n][0] = gelu_tanh(row.v[n][0]);
        row.v[n][1] = gelu_tanh(row.v[n][1]);
      }
    } else {
      activate_row(p.shape.activation, row);
    }
  }
  store_row(static_cast<T*>(p.out) + at, output, p.outputs, pairs, row);
  if (p.way != kPromptQkv) return;
  // Keys and values go to the cache, too. A head's width is a multiple of 16 bytes, so that neighbours have one place.
  const int width = p.shape.heads * p.shape.head_width;
  T* keys = cached<T>(p.sequences, p.shape, p.slot, p.first + token, p.layer, false) - width;
  T* values = cached<T>(p.sequences, p.shape, p.slot, p.first + token, p.layer, true) - 2 * width;
#pragma unroll
  for (int n = 0; n < G; ++n) {
    const int here = output + n * 8;
    if (here >= width && here < p.outputs) {
      Vector<T, 2> pair;
      pair.element[0] = narrow<T>(row.v[n][0]);
      pair.element[1] = narrow<T>(row.v[n][1]);
      *reinterpret_cast<Vector<T, 2>*>((here < 2 * width ? keys : values) + here) = pair;
    }
  }
}

// A block has 32 * R tokens by 32 * R outputs. An output's sum is the same bits whatever R.
template <typename T, int R>
__device__ __forceinline__ void multiply_prompt(const PromptProduct& p) {
  constexpr int kStageBytes = 64 * R * kPromptRowBytes;
  extern __shared__ __align__(128) char shared[];
  const unsigned base = shared_address(shared);
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int g = lane / 4;
  const int t = lane % 4;
  const int token_base = blockIdx.x * 32 * R;
  const int tile_base = blockIdx.y * 2 * R;
  const int warp_row = warp % 2 * 16 * R;
  const int warp_tile = warp / 2 * R;
  float acc[R][2 * R][4];
#pragma unroll
  for (int m = 0; m < R; ++m) {
#pragma unroll
    for (int n = 0; n < 2 * R; ++n) acc[m][n][0] = acc[m][n][1] = acc[m][n][2] = acc[m][n][3] = 0.f;
  }
  const int steps = (p.depth_tiles + kPromptTiles - 1) / kPromptTiles;
#pragma unroll
  for (int s = 0; s < kPromptStages - 1; ++s) {
    if (s < steps) copy_stage<R>(p, base + s * kStageBytes, s * kPromptTiles, token_base, tile_base);
    commit_copies();
  }
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    await_copies<kPromptStages - 2>();
    __syncthreads();
    const int ahead = step + kPromptStages - 1;
    if (ahead < steps) {
      copy_stage<R>(p, base + ahead % kPromptStages * kStageBytes, ahead * kPromptTiles, token_base, tile_base);
    }
    commit_copies();
    const char* rows = shared + step % kPromptStages * kStageBytes;
    const uint4* tiles = reinterpret_cast<const uint4*>(rows + kStageBytes / 2);
#pragma unroll
    for (int k = 0; k < kPromptTiles; ++k) {
      uint2 low[R], high[R];
      const int piece = k * 2 + t / 2;
#pragma unroll
      for (int m = 0; m < R; ++m) {
        const int row = warp_row + m * 16 + g;
        const char* at = rows + row * kPromptRowBytes + swizzled(row, piece) * 16 + t % 2 * 8;
        low[m] = *reinterpret_cast<const uint2*>(at);
        high[m] = *reinterpret_cast<const uint2*>(at + 8 * kPromptRowBytes);
      }
#pragma unroll
      for (int n = 0; n < R; ++n) {
        const uint4 w = tiles[((warp_tile + n) * kPromptTiles + k) * 32 + lane];
#pragma unroll
        for (int m = 0; m < R; ++m) {
          multiply_tile<T>(acc[m][2 * n], low[m], high[m], {w.x, w.y});
          multiply_tile<T>(acc[m][2 * n + 1], low[m], high[m], {w.z, w.w});
        }
      }
    }
  }
  const int output = (tile_base + warp_tile) * kTileOutputs + t * 2;
  RowSums<2 * R> bias;
#pragma unroll
  for (int n = 0; n < 2 * R; ++n) {
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const int at = output + n * 8 + j;
      bias.v[n][j] = at < p.outputs ? __ldg(p.bias + at) : 0.f;
    }
  }
#pragma unroll
  for (int m = 0; m < R; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int token = token_base + warp_row + m * 16 + half * 8 + g;
      RowSums<2 * R> row;
#pragma unroll
      for (int n = 0; n < 2 * R; ++n) {
        row.v[n][0] = acc[m][n][2 * half];
        row.v[n][1] = acc[m][n][2 * half + 1];
      }
      if (token < p.tokens) finish_row<T>(p, token, output, bias, row);
    }
  }
}

#define PROMPT_PRODUCT(T, R)                                                                                        \
  extern "C" __global__ void __launch_bounds__(kPromptThreads) gpt2_prompt_product_##T##_##R(const PromptProduct p) { \
    multiply_prompt<T, R>(p);                                                                                       \
  }

#define PROMPT_KERNELS(T)                                                                                \
  extern "C" __global__ void __launch_bounds__(kBlockThreads) gpt2_prompt_norm_##T(const PromptNorm p) { \
    normalize_prompt<T>(p);                                                                              \
  }                                                                                                      \
  PROMPT_PRODUCT(T, 2)                                                                                   \
  PROMPT_PRODUCT(T, 4)
