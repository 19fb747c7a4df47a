// out = start, start + step, start + 2 step, ... in row-major order.
#include <type_traits>

#include "elementwise/elementwise.cuh"

struct ArangeParams {
  void* out;
  double start, step;
  i64 integral_start, integral_step;
  i64 first;  // the number of the walk's first element
  Indexer<1> walk;
};

namespace {

// In double without fused operations, and rounded as on the CPU: the same bits.
__device__ __forceinline__ void number(const ArangeParams& p, i64 i, double& result) {
  result = __dadd_rn(p.start, __dmul_rn(static_cast<double>(i), p.step));
}

__device__ __forceinline__ void number(const ArangeParams& p, i64 i, i64& result) {
  using U = unsigned long long;
  result = static_cast<i64>(U(p.integral_start) + U(i) * U(p.integral_step));
}

template <typename T>
__device__ __forceinline__ void arange(const ArangeParams& p) {
#pragma unroll
  for (int k = 0; k < kGroups; ++k) {
    const unsigned i = group_number<kGroups>(k);
    if (i >= p.walk.count) return;
    i64 at[1];
    locate(p.walk, i, at);
    std::conditional_t<std::is_same_v<Wide<T>, i64>, i64, double> value;
    number(p, p.first + i, value);
    static_cast<T*>(p.out)[at[0]] = narrow<T>(value);
  }
}

}  // namespace

#define OKTO_ARANGE(NAME, TYPE)                                                                                  \
  extern "C" __global__ void __launch_bounds__(kThreads) arange_##NAME(const __grid_constant__ ArangeParams p) { \
    arange<TYPE>(p);                                                                                             \
  }

OKTO_ARANGE(f32, f32)
OKTO_ARANGE(f64, f64)
OKTO_ARANGE(f16, f16)
OKTO_ARANGE(bf16, bf16)
OKTO_ARANGE(i8, i8)
OKTO_ARANGE(u8, u8)
OKTO_ARANGE(i32, i32)
OKTO_ARANGE(i64, i64)
OKTO_ARANGE(bool, boolean)
