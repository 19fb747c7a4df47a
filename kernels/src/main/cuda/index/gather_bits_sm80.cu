// out[i0, ..., ia, ...] = in[i0, ..., index[i0, ..., ia, ...], ...], whatever the elements mean. Neighbours that share
// an index, as in the rows of an embedding, move in units of several elements.
#include "index/places.cuh"

constexpr int kGatherThreads = 256;
constexpr int kGatherUnits = 4;  // a thread moves, all in flight

struct GatherParams {
  const char* in;
  char* out;
  const i64* index;
  u64* error;       // the first position with an index outside
  Indexer<3> walk;  // out, index, and in at place 0 of the axis: row-major, in steps of units
  long long size;   // of the axis
  long long stride;  // of in along the axis
  long long first;   // position of the walk's first element among all
  int bytes;         // of an element
  int width;         // elements of a unit
};

template <typename Unit>
__device__ __forceinline__ void gather(const GatherParams& p) {
  const unsigned base = blockIdx.x * (kGatherThreads * kGatherUnits) + threadIdx.x;
  i64 at[kGatherUnits][3];
  i64 place[kGatherUnits];
#pragma unroll
  for (int u = 0; u < kGatherUnits; ++u) {
    const unsigned i = base + u * kGatherThreads;
    place[u] = -1;
    if (i < p.walk.count) {
      locate(p.walk, i, at[u]);
      place[u] = p.index[at[u][1]];
    }
  }
#pragma unroll
  for (int u = 0; u < kGatherUnits; ++u) {
    const unsigned i = base + u * kGatherThreads;
    if (i < p.walk.count) place[u] = place_of(place[u], p.size, p.error, p.first + static_cast<i64>(i) * p.width);
  }
  Unit unit[kGatherUnits];
#pragma unroll
  for (int u = 0; u < kGatherUnits; ++u) {
    if (place[u] >= 0) {
      unit[u] = *reinterpret_cast<const Unit*>(p.in + (at[u][2] + place[u] * p.stride) * p.bytes);
    }
  }
#pragma unroll
  for (int u = 0; u < kGatherUnits; ++u) {
    if (place[u] >= 0) *reinterpret_cast<Unit*>(p.out + at[u][0] * p.bytes) = unit[u];
  }
}

extern "C" __global__ void __launch_bounds__(kGatherThreads) gather_b8(const __grid_constant__ GatherParams p) {
  gather<unsigned char>(p);
}
extern "C" __global__ void __launch_bounds__(kGatherThreads) gather_b16(const __grid_constant__ GatherParams p) {
  gather<unsigned short>(p);
}
extern "C" __global__ void __launch_bounds__(kGatherThreads) gather_b32(const __grid_constant__ GatherParams p) {
  gather<unsigned>(p);
}
extern "C" __global__ void __launch_bounds__(kGatherThreads) gather_b64(const __grid_constant__ GatherParams p) {
  gather<u64>(p);
}
extern "C" __global__ void __launch_bounds__(kGatherThreads) gather_b128(const __grid_constant__ GatherParams p) {
  gather<Sixteen>(p);
}
