// Copies that convert: floats to integers towards zero, NaN to 0, and anything but zero to true, as on the CPU.
#include <type_traits>

#include "elementwise/elementwise.cuh"

// Neighbours that the vector kernels convert at once, whatever the two types.
constexpr int kCastVector = 4;

constexpr int kTypeF32 = 0;
constexpr int kTypeF64 = 1;
constexpr int kTypeF16 = 2;
constexpr int kTypeBf16 = 3;
constexpr int kTypeI8 = 4;
constexpr int kTypeU8 = 5;
constexpr int kTypeI32 = 6;
constexpr int kTypeI64 = 7;
constexpr int kTypeBool = 8;

struct CastParams {
  void* out;
  const void* in;
  int out_type;
  int in_mode;
  Indexer<2> walk;
};

namespace {

template <typename R, typename T, int V>
__device__ __forceinline__ void store_as(const CastParams& p, const i64 (&at)[kGroups][2],
                                         const Group<T, V> (&in)[kGroups]) {
  if constexpr (!std::is_same_v<R, T>) {
    Group<R, V> out[kGroups];
#pragma unroll
    for (int k = 0; k < kGroups; ++k) {
      const Vector<T, V> x = in[k].unpack();
      Vector<R, V> result;
#pragma unroll
      for (int e = 0; e < V; ++e) result.element[e] = narrow<R>(widen(x.element[e]));
      out[k].pack(result);
    }
    store_all(p.out, p.walk, at, out);
  }
}

template <typename T, int V>
__device__ __forceinline__ void cast(const CastParams& p) {
  i64 at[kGroups][2];
  Group<T, V> in[kGroups];
  locate_all(p.walk, at);
  load_all(p.in, p.in_mode, 1, at, in);
  switch (p.out_type) {
    case kTypeF32: return store_as<f32>(p, at, in);
    case kTypeF64: return store_as<f64>(p, at, in);
    case kTypeF16: return store_as<f16>(p, at, in);
    case kTypeBf16: return store_as<bf16>(p, at, in);
    case kTypeI8: return store_as<i8>(p, at, in);
    case kTypeU8: return store_as<u8>(p, at, in);
    case kTypeI32: return store_as<i32>(p, at, in);
    case kTypeI64: return store_as<i64>(p, at, in);
    case kTypeBool: return store_as<boolean>(p, at, in);
  }
}

}  // namespace

#define OKTO_CAST(NAME, TYPE)                                                                                \
  extern "C" __global__ void __launch_bounds__(kThreads) cast_##NAME(const __grid_constant__ CastParams p) { \
    cast<TYPE, 1>(p);                                                                                        \
  }                                                                                                          \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                     \
      cast_##NAME##_vector(const __grid_constant__ CastParams p) {                                           \
    cast<TYPE, kCastVector>(p);                                                                              \
  }

OKTO_CAST(f32, f32)
OKTO_CAST(f64, f64)
OKTO_CAST(f16, f16)
OKTO_CAST(bf16, bf16)
OKTO_CAST(i8, i8)
OKTO_CAST(u8, u8)
OKTO_CAST(i32, i32)
OKTO_CAST(i64, i64)
OKTO_CAST(bool, boolean)
