// The end of a float32 product: bias, activation, residual, rounding, and writing rows that lie beside each other.
#pragma once

#include "gemm/problem.cuh"

constexpr int kOutF32 = 0;
constexpr int kOutF16 = 1;
constexpr int kOutBf16 = 2;

constexpr int kActivationNone = 0;
constexpr int kActivationRelu = 1;
constexpr int kActivationGelu = 2;
constexpr int kActivationGeluTanh = 3;
constexpr int kActivationSilu = 4;
constexpr int kActivationTanh = 5;
constexpr int kActivationSigmoid = 6;

__device__ __forceinline__ float sigmoid(float x) { return 1.f / (1.f + expf(-x)); }

// All keep NaN and are -0 or 0 where x times a vanishing factor would be.
__device__ __forceinline__ float activate(int activation, float x) {
  switch (activation) {
    case kActivationRelu:
      return x < 0.f ? 0.f : x;
    case kActivationGelu:
      return x < -20.f ? -0.f : x * normcdff(x);
    case kActivationGeluTanh:
      // (1 + tanh u) / 2 is the logistic function of 2u.
      return x < -20.f ? -0.f : x * sigmoid(1.5957691216f * (x + 0.044715f * x * x * x));
    case kActivationSilu:
      return x < -104.f ? -0.f : x * sigmoid(x);
    case kActivationTanh:
      return tanhf(x);
    case kActivationSigmoid:
      return sigmoid(x);
    default:
      return x;
  }
}

template <typename T>
__device__ __forceinline__ void store_four(const Finish& f, long long at, int step, int count, const float (&v)[4]) {
  T* out = static_cast<T*>(f.out);
  if (f.vector) {
    Vector<T, 4> four;
#pragma unroll
    for (int j = 0; j < 4; ++j) four.element[j] = narrow<T>(v[j]);
    *reinterpret_cast<Vector<T, 4>*>(out + at) = four;
    return;
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    if (j < count) out[at + j * step * f.out_column] = narrow<T>(v[j]);
  }
}

// Finishes `count` sums of one row, which are `step` columns apart: one where f.vector, and then the count is 4.
// `before` is what lies in out before the matrix.
__device__ __forceinline__ void finish_four(const Finish& f, long long before, long long row, long long column,
                                            int step, int count, float (&v)[4]) {
  if (f.bias != nullptr) {
    if (f.vector) {
      const float4 bias = *reinterpret_cast<const float4*>(f.bias + column);
      v[0] += bias.x;
      v[1] += bias.y;
      v[2] += bias.z;
      v[3] += bias.w;
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (j < count) v[j] += f.bias[column + j * step];
      }
    }
  }
  if (f.activation != kActivationNone) {
#pragma unroll 1
    for (int j = 0; j < 4; ++j) {
      // The values take turns in the first place, so that the code stands here once.
      const float value = activate(f.activation, v[0]);
      v[0] = v[1];
      v[1] = v[2];
      v[2] = v[3];
      v[3] = value;
    }
  }
  if (f.residual != nullptr) {
    const float* residual = f.residual + row * f.residual_row + column;
    if (f.vector) {
      const float4 added = *reinterpret_cast<const float4*>(residual);
      v[0] += added.x;
      v[1] += added.y;
      v[2] += added.z;
      v[3] += added.w;
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (j < count) v[j] += residual[j * step];
      }
    }
  }
  const long long at = before + row * f.out_row + column * f.out_column;
  if (f.out_type == kOutF32) {
    store_four<f32>(f, at, step, count, v);
  } else if (f.out_type == kOutF16) {
    store_four<f16>(f, at, step, count, v);
  } else {
    store_four<bf16>(f, at, step, count, v);
  }
}

// Rows of a warp's sums in shared memory, 16 at a time, so that neighbouring lanes write neighbouring columns. Eight
// floats more a row spread the warp's writes over all banks.
constexpr int kStagedRows = 16;
constexpr int kStagedPadding = 8;

// Finishes the staged rows of a warp's tile that begins at (row, column) of the matrix.
template <int WIDTH>
__device__ __forceinline__ void finish_staged(const Finish& f, const float* staged, long long before, long long row,
                                              long long column, int rows_left, int columns_left) {
  constexpr int LANES = WIDTH / 4;  // that share a row
  const int lane = threadIdx.x % 32;
  const int in_row = lane % LANES;
  // Four neighbours each where they are written at once; else neighbours for neighbouring lanes.
  const int step = f.vector ? 1 : LANES;
  const int first = f.vector ? 4 * in_row : in_row;
  const int count = (columns_left - first + step - 1) / step;
  if (count <= 0) return;
#pragma unroll 1
  for (int r = lane / LANES; r < kStagedRows; r += 32 / LANES) {
    if (r >= rows_left) return;
    const float* from = staged + r * (WIDTH + kStagedPadding) + first;
    float v[4];
    if (f.vector) {
      const float4 four = *reinterpret_cast<const float4*>(from);
      v[0] = four.x;
      v[1] = four.y;
      v[2] = four.z;
      v[3] = four.w;
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j) v[j] = from[j * LANES];
    }
    finish_four(f, before, row + r, column + first, step, count, v);
  }
}
