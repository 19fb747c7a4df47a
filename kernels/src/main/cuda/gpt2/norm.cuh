// What stands between two products of GPT-2: adding up the residual and normalising it. A block of 256 threads takes a
// column (a token) at a time.
#pragma once

#include "gpt2/stream.cuh"

constexpr int kThreadVectors = 2;  // of four floats, of a column: hidden is at most 2,048
constexpr int kMostSlices = 4;

// Where a thread's part of a column is, in vectors of four floats, and what it is multiplied with: what can be found out
// before others have written the column.
struct NormPart {
  const float4* x;         // null where the column begins with embeddings
  const float4* partials;  // products to be added: the first slice's
  float4* keep;            // where the sum is kept; null if another block does
  int slices;
  int slice_step;
  const float* gains;
  const float* shifts;
  const float* biases;  // of the products; null for none
  float4 gain;          // of the thread's first vector, as the following
  float4 shift;
  float4 bias;
};

// Whether threads have more than one vector of a column. Branches on it are cheaper than what they jump over.
__device__ __forceinline__ bool is_wide(int hidden) { return hidden > 4 * kBlockThreads; }

__device__ __forceinline__ float4 four_of(const float* from, int vector) {
  return __ldg(reinterpret_cast<const float4*>(from) + vector);
}

// Reads the first vectors of gains, shifts and biases, which may be null.
__device__ __forceinline__ void read_affine(NormPart& part, int hidden, const float* gains, const float* shifts,
                                            const float* biases) {
  part.gains = gains;
  part.shifts = shifts;
  part.biases = biases;
  part.gain = part.shift = part.bias = make_float4(0.f, 0.f, 0.f, 0.f);
  if (threadIdx.x < hidden / 4) {
    part.gain = four_of(gains, threadIdx.x);
    part.shift = four_of(shifts, threadIdx.x);
    if (biases != nullptr) part.bias = four_of(biases, threadIdx.x);
  }
}

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}

__device__ __forceinline__ void add_four(float4& to, float4 x) {
  to.x += x.x;
  to.y += x.y;
  to.z += x.z;
  to.w += x.w;
}

__device__ __forceinline__ float sum_of(float4 v) { return (v.x + v.y) + (v.z + v.w); }

__device__ __forceinline__ float squares_of(float4 v, float mean) {
  const float x = v.x - mean, y = v.y - mean, z = v.z - mean, w = v.w - mean;
  return (x * x + y * y) + (z * z + w * w);
}

// How many elements of a column a warp has.
__device__ __forceinline__ float warp_share(int hidden, int warp) {
  int elements = 0;
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    elements += 4 * min(32, max(0, hidden / 4 - warp * 32 - j * kBlockThreads));
  }
  return static_cast<float>(elements);
}

// What threads tell each other of a column, in shared memory.
struct alignas(16) NormScratch {
  float mean[kBlockWarps];     // of each warp's part
  float squares[kBlockWarps];  // around that mean
  float share[kBlockWarps];    // see warp_share
  float inverse[kBlockWarps];  // 1 / share

  // Finds the shares.
  __device__ void prepare(int hidden) {
    if (threadIdx.x >= kBlockWarps) return;
    share[threadIdx.x] = warp_share(hidden, threadIdx.x);
    inverse[threadIdx.x] = 1.f / fmaxf(share[threadIdx.x], 1.f);
  }
};

// Normalises a column; its token and position are needed for embeddings only. `out` has its first element, and is
// filled up with zeros to whole tiles. Nothing may read the scratch any more. While what is read is on its way,
// meanwhile() is called. Each warp finds mean and squares of its part, which are then put together (Chan et al. 1979):
// two passes over the numbers, but one barrier.
template <typename T, typename Meanwhile>
__device__ __forceinline__ void normalize(const Weights& weights, const Shape& shape, const NormPart& its, const int* token,
                                          const int* position, NormScratch& scratch, T* out, Meanwhile meanwhile) {
  const int warp = threadIdx.x / 32;
  const int vectors = shape.hidden / 4;
  const float4 zero = make_float4(0.f, 0.f, 0.f, 0.f);
  float4 v[kThreadVectors], part[kThreadVectors][kMostSlices];
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    const int at = j * kBlockThreads;
    v[j] = zero;
#pragma unroll
    for (int s = 0; s < kMostSlices; ++s) part[j][s] = zero;
    if (j > 0 && !is_wide(shape.hidden)) break;
    if (threadIdx.x + at < vectors) {
      if (its.x == nullptr) {
        v[j] = embedded_four<T>(weights, shape, *token, *position, 4 * (threadIdx.x + at));
      } else {
        const float4* slice = its.partials + at;
        v[j] = __ldcg(its.x + at);
#pragma unroll
        for (int s = 0; s < kMostSlices; ++s) {
          if (s < its.slices) part[j][s] = __ldcg(slice);
          slice += its.slice_step;
        }
      }
    }
  }
  meanwhile();
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    if (j > 0 && !is_wide(shape.hidden)) break;
    if (j == 0) {
      add_four(v[j], its.bias);
    } else if (its.biases != nullptr && threadIdx.x + j * kBlockThreads < vectors) {
      add_four(v[j], four_of(its.biases, threadIdx.x + j * kBlockThreads));
    }
#pragma unroll
    for (int s = 0; s < kMostSlices; ++s) add_four(v[j], part[j][s]);
  }
  float sum = 0.f;
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) sum += sum_of(v[j]);
  const float own = warp_sum(sum) * scratch.inverse[warp];
  float squares = 0.f;
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    if (threadIdx.x + j * kBlockThreads < vectors) squares += squares_of(v[j], own);
  }
  squares = warp_sum(squares);
  if (threadIdx.x % 32 == 0) {
    scratch.mean[warp] = own;
    scratch.squares[warp] = squares;
  }
  __syncthreads();
  const float all = reciprocal_of(static_cast<float>(shape.hidden));
  float4 means[2], shares[2];
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    means[h] = reinterpret_cast<const float4*>(scratch.mean)[h];
    shares[h] = reinterpret_cast<const float4*>(scratch.share)[h];
  }
  float mean = 0.f;
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    mean += (means[h].x * shares[h].x + means[h].y * shares[h].y) + (means[h].z * shares[h].z + means[h].w * shares[h].w);
  }
  mean *= all;
  float variance = 0.f;
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const float x = means[h].x - mean, y = means[h].y - mean, z = means[h].z - mean, w = means[h].w - mean;
    variance += sum_of(reinterpret_cast<const float4*>(scratch.squares)[h]);
    variance += (x * x * shares[h].x + y * y * shares[h].y) + (z * z * shares[h].z + w * w * shares[h].w);
  }
  const float factor = rsqrtf(variance * all + shape.epsilon);
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    const int i = threadIdx.x + j * kBlockThreads;
    if (j > 0 && !is_wide(shape.hidden)) break;
    if (i < vectors) {
      const float4 gain = j == 0 ? its.gain : four_of(its.gains, i);
      const float4 shift = j == 0 ? its.shift : four_of(its.shifts, i);
      Vector<T, 4> four;
      four.element[0] = narrow<T>((v[j].x - mean) * factor * gain.x + shift.x);
      four.element[1] = narrow<T>((v[j].y - mean) * factor * gain.y + shift.y);
      four.element[2] = narrow<T>((v[j].z - mean) * factor * gain.z + shift.z);
      four.element[3] = narrow<T>((v[j].w - mean) * factor * gain.w + shift.w);
      reinterpret_cast<Vector<T, 4>*>(out)[i] = four;
      if (its.keep != nullptr) its.keep[j * kBlockThreads] = v[j];
    }
  }
  const int rest = shape.hidden + threadIdx.x;
  if (rest < shape.hidden_tiles * kTileDepth<T>) out[rest] = narrow<T>(0.f);
}
