// Layer norm over the last dimension of a row-major (rows, width) float32 matrix:
//   out = (x - mean) / sqrt(variance + epsilon) * gamma + beta,   variance biased, as torch.nn.LayerNorm.
//
// One warp a row, four rows a block. The row stays in registers between the passes, so that memory is read once; mean
// and variance are two passes over those registers, because the one-pass formula E[x^2] - E[x]^2 cancels when the mean
// is large. Sums are butterfly shuffles in a fixed order: the same input gives the same bits.

namespace {

constexpr int kWarp = 32;
constexpr int kRowsPerBlock = 4;
constexpr int kCachedVectors = 8;  // float4 a lane: rows of up to 1,024 elements are read once

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  }
  return value;
}

__device__ __forceinline__ float sum(float4 v) { return (v.x + v.y) + (v.z + v.w); }

__device__ __forceinline__ float squared_distance(float4 v, float mean) {
  const float x = v.x - mean, y = v.y - mean, z = v.z - mean, w = v.w - mean;
  return (x * x + y * y) + (z * z + w * w);
}

__device__ __forceinline__ float4 normalized(float4 v, float mean, float scale, float4 gamma, float4 beta) {
  return make_float4((v.x - mean) * scale * gamma.x + beta.x, (v.y - mean) * scale * gamma.y + beta.y,
                     (v.z - mean) * scale * gamma.z + beta.z, (v.w - mean) * scale * gamma.w + beta.w);
}

}  // namespace

// Any width and alignment.
extern "C" __global__ void __launch_bounds__(kWarp* kRowsPerBlock)
    layernorm_f32(float* __restrict__ out, const float* __restrict__ in, const float* __restrict__ gamma,
                  const float* __restrict__ beta, float epsilon, int rows, int width) {
  const int row = blockIdx.x * kRowsPerBlock + threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  if (row >= rows) return;
  const float* x = in + static_cast<size_t>(row) * width;
  float* y = out + static_cast<size_t>(row) * width;

  float total = 0.f;
  for (int i = lane; i < width; i += kWarp) total += x[i];
  const float mean = warp_sum(total) / width;

  float spread = 0.f;
  for (int i = lane; i < width; i += kWarp) {
    const float distance = x[i] - mean;
    spread += distance * distance;
  }
  const float scale = rsqrtf(warp_sum(spread) / width + epsilon);

  for (int i = lane; i < width; i += kWarp) y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
}

// Width a multiple of 4 and at most 1,024, all pointers aligned to 16 bytes.
extern "C" __global__ void __launch_bounds__(kWarp* kRowsPerBlock)
    layernorm_f32_cached(float4* __restrict__ out, const float4* __restrict__ in, const float4* __restrict__ gamma,
                         const float4* __restrict__ beta, float epsilon, int rows, int width) {
  const int row = blockIdx.x * kRowsPerBlock + threadIdx.x / kWarp;
  const int lane = threadIdx.x % kWarp;
  if (row >= rows) return;
  const int vectors = width / 4;
  const float4* x = in + static_cast<size_t>(row) * vectors;
  float4* y = out + static_cast<size_t>(row) * vectors;

  float4 cache[kCachedVectors];
  float total = 0.f;
#pragma unroll
  for (int k = 0; k < kCachedVectors; ++k) {
    const int i = lane + k * kWarp;
    if (i < vectors) {
      cache[k] = x[i];
      total += sum(cache[k]);
    }
  }
  const float mean = warp_sum(total) / width;

  float spread = 0.f;
#pragma unroll
  for (int k = 0; k < kCachedVectors; ++k) {
    if (lane + k * kWarp < vectors) spread += squared_distance(cache[k], mean);
  }
  const float scale = rsqrtf(warp_sum(spread) / width + epsilon);

#pragma unroll
  for (int k = 0; k < kCachedVectors; ++k) {
    const int i = lane + k * kWarp;
    if (i < vectors) y[i] = normalized(cache[k], mean, scale, gamma[i], beta[i]);
  }
}
