// Scatter: overwriting moves units of any element type by their size, adding knows the type.
#include "index/scatter.cuh"

OKTO_SCATTER_KERNELS(b8, Overwrite<unsigned char>)
OKTO_SCATTER_KERNELS(b16, Overwrite<unsigned short>)
OKTO_SCATTER_KERNELS(b32, Overwrite<unsigned>)
OKTO_SCATTER_KERNELS(b64, Overwrite<u64>)
OKTO_SCATTER_KERNELS(b128, Overwrite<Sixteen>)

OKTO_SCATTER_KERNELS(add_f32, Accumulate<f32>)
OKTO_SCATTER_KERNELS(add_f64, Accumulate<f64>)
OKTO_SCATTER_KERNELS(add_f16, Accumulate<f16>)
OKTO_SCATTER_KERNELS(add_bf16, Accumulate<bf16>)
OKTO_SCATTER_KERNELS(add_i8, Accumulate<i8>)
OKTO_SCATTER_KERNELS(add_u8, Accumulate<u8>)
OKTO_SCATTER_KERNELS(add_i32, Accumulate<i32>)
OKTO_SCATTER_KERNELS(add_i64, Accumulate<i64>)
OKTO_SCATTER_KERNELS(add_bool, Accumulate<boolean>)

struct PlacesParams {
  const i64* index;
  void* places;
  u64* error;       // the first position with an index outside
  Indexer<2> walk;  // index and places, row-major over the axes along which the index varies, and the axis
  long long size;   // of the axis
  long long first;  // position of the walk's first element among all of it
  int wide;         // 1 where places are of 64 bits
};

// Places of indices, to be sorted; the largest number for one outside.
extern "C" __global__ void __launch_bounds__(kScatterThreads) scatter_places(const __grid_constant__ PlacesParams p) {
  const i64 i = static_cast<i64>(blockIdx.x) * kScatterThreads + threadIdx.x;
  if (i >= p.walk.count) return;
  i64 at[2];
  locate(p.walk, static_cast<unsigned>(i), at);
  const i64 place = place_of(p.index[at[0]], p.size, p.error, p.first + i);
  if (p.wide != 0) {
    static_cast<i64*>(p.places)[at[1]] = place < 0 ? 0x7fffffffffffffffLL : place;
  } else {
    static_cast<int*>(p.places)[at[1]] = place < 0 ? 0x7fffffff : static_cast<int>(place);
  }
}
