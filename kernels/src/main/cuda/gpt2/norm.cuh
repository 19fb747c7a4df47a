// What stands between two products of GPT-2: adding up the residual and normalising it. A block of 256 threads takes a
// column (a token) at a time.
#pragma once

#include "gpt2/stream.cuh"

constexpr int kThreadVectors = 2;  // of four floats, of a column: hidden is at most 2,048
constexpr int kMostSlices = 4;

// Where a thread's part of a column is, in vectors of four floats.
struct NormPart {
  float4* x;               // the residual, to which is added
  bool embeds;             // whether it begins with embeddings
  const float4* partials;  // products to be added: the first slice's
  int slices;
  int slice_step;
};

// Whether threads have more than one vector of a column. Branches on it are cheaper than what they jump over.
__device__ __forceinline__ bool is_wide(int hidden) { return hidden > 4 * kBlockThreads; }

__device__ __forceinline__ float4 four_of(const float* from, int vector) {
  return __ldg(reinterpret_cast<const float4*>(from) + vector);
}

// What a column is multiplied by and added to, of which a thread's first vectors are read ahead.
class Affine {
 public:
  __device__ __forceinline__ Affine() {}

  // `biases` are those of products that are added to the residual; null for none.
  __device__ __forceinline__ Affine(int hidden, const float* gains, const float* shifts, const float* biases)
      : gains_(gains), shifts_(shifts), biases_(biases) {
    gain_ = shift_ = bias_ = make_float4(0.f, 0.f, 0.f, 0.f);
    if (threadIdx.x < hidden / 4) {
      gain_ = four_of(gains, threadIdx.x);
      shift_ = four_of(shifts, threadIdx.x);
      if (biases != nullptr) bias_ = four_of(biases, threadIdx.x);
    }
  }

  // Of the thread's j-th vector, which exists.
  __device__ __forceinline__ float4 gain(int j) const { return j == 0 ? gain_ : four_of(gains_, at(j)); }
  __device__ __forceinline__ float4 shift(int j) const { return j == 0 ? shift_ : four_of(shifts_, at(j)); }
  __device__ __forceinline__ float4 bias(int j) const {
    if (j == 0) return bias_;
    return biases_ == nullptr ? make_float4(0.f, 0.f, 0.f, 0.f) : four_of(biases_, at(j));
  }

 private:
  static __device__ __forceinline__ int at(int j) { return threadIdx.x + j * kBlockThreads; }

  const float* gains_;
  const float* shifts_;
  const float* biases_;
  float4 gain_;
  float4 shift_;
  float4 bias_;
};

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

// Normalises a column whose thread's vectors are `v`. `out` has its first element, and is filled up with zeros to whole
// tiles. Nothing may read the scratch any more. Each warp finds mean and squares of its part, which are then put
// together (Chan et al. 1979): two passes over the numbers, but one barrier.
template <typename T, typename Parameters>
__device__ __forceinline__ void normalize_vectors(const Shape& shape, const Parameters& its,
                                                  const float4 (&v)[kThreadVectors], NormScratch& scratch, T* out) {
  const int warp = threadIdx.x / 32;
  const int vectors = shape.hidden / 4;
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
  sync_warps();
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
      const float4 gain = its.gain(j);
      const float4 shift = its.shift(j);
      reinterpret_cast<Vector<T, 4>*>(out)[i] = narrow_four<T>(make_float4(
          (v[j].x - mean) * factor * gain.x + shift.x, (v[j].y - mean) * factor * gain.y + shift.y,
          (v[j].z - mean) * factor * gain.z + shift.z, (v[j].w - mean) * factor * gain.w + shift.w));
    }
  }
  const int rest = shape.hidden + threadIdx.x;
  if (rest < shape.hidden_tiles * kTileDepth<T>) out[rest] = narrow<T>(0.f);
}

// Adds to a thread's vectors of the residual the biases of the products that were added, and then the products, slice
// by slice.
template <typename Parameters>
__device__ __forceinline__ void add_products(const Parameters& its, int hidden, float4 (&v)[kThreadVectors],
                                             const float4 (&part)[kThreadVectors][kMostSlices]) {
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    if (j > 0 && !is_wide(hidden)) break;
    if (threadIdx.x + j * kBlockThreads < hidden / 4) add_four(v[j], its.bias(j));
#pragma unroll
    for (int s = 0; s < kMostSlices; ++s) add_four(v[j], part[j][s]);
  }
}

// Adds products to a column's residual, or begins with the embeddings of its token and position, and normalises it.
// While what is read is on its way, meanwhile() is called.
template <typename T, typename Meanwhile>
__device__ __forceinline__ void normalize(const Weights& weights, const Shape& shape, const NormPart& its,
                                          const Affine& affine, int token, int position, NormScratch& scratch, T* out,
                                          Meanwhile meanwhile) {
  const int vectors = shape.hidden / 4;
  const bool wide = is_wide(shape.hidden);
  const float4 zero = make_float4(0.f, 0.f, 0.f, 0.f);
  float4 v[kThreadVectors], part[kThreadVectors][kMostSlices];
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    const int at = j * kBlockThreads;
    v[j] = zero;
#pragma unroll
    for (int s = 0; s < kMostSlices; ++s) part[j][s] = zero;
    if (j > 0 && !wide) break;
    if (threadIdx.x + at < vectors) {
      if (its.embeds) {
        v[j] = embedded_four<T>(weights, shape, token, position, 4 * (threadIdx.x + at));
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
  add_products(affine, shape.hidden, v, part);
  normalize_vectors(shape, affine, v, scratch, out);
  if (!its.embeds && its.slices == 0) return;
#pragma unroll
  for (int j = 0; j < kThreadVectors; ++j) {
    if (j > 0 && !wide) break;
    if (threadIdx.x + j * kBlockThreads < vectors) its.x[j * kBlockThreads] = v[j];
  }
}
