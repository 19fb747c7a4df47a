// out = op(a, b) for one type of element and one set of functions.
#pragma once

#include "elementwise/elementwise.cuh"

struct BinaryParams {
  void* out;
  Source a, b;
  int a_mode, b_mode;
  int op;
  int unused;
  int* error;  // set to 1 on an integer division by zero; null where there can be none
  Indexer<3> walk;
};

// R is the type of the results. Functions::with_binary<T>(p, use) calls use(f) with the function of p.op, so that the
// choice is made once for all of a thread's elements. f takes the numbers that T is computed with. It never sees groups
// that do not exist: they might divide by zero.
template <typename T, typename R, int V, int Groups, typename Functions>
__device__ __forceinline__ void binary(const BinaryParams& p) {
  using W = Wide<T>;
  i64 at[Groups][3];
  Group<T, V> a[Groups], b[Groups];
  Group<R, V> out[Groups];
  locate_all(p.walk, at);
  load_all(p.a.data, p.a_mode, 1, at, a);
  load_all(p.b.data, p.b_mode, 2, at, b);
  const bool fixed_a = p.a_mode == kModeConstant, fixed_b = p.b_mode == kModeConstant;
  const W constant_a = constant_of<W>(p.a), constant_b = constant_of<W>(p.b);
  Functions::template with_binary<T>(p, [&](auto f) {
#pragma unroll
    for (int k = 0; k < Groups; ++k) {
      if (group_number<Groups>(k) >= p.walk.count) break;
      const Vector<T, V> x = a[k].unpack(), y = b[k].unpack();
      Vector<R, V> result;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        result.element[e] = narrow<R>(f(fixed_a ? constant_a : widen(x.element[e]),
                                        fixed_b ? constant_b : widen(y.element[e])));
      }
      out[k].pack(result);
    }
  });
  store_all(p.out, p.walk, at, out);
}

#define OKTO_BINARY_ALONE(NAME, TYPE, WIDTH, GROUPS, FUNCTIONS)                                                  \
  extern "C" __global__ void __launch_bounds__(kThreads) binary_##NAME(const __grid_constant__ BinaryParams p) { \
    binary<TYPE, TYPE, WIDTH, GROUPS, FUNCTIONS>(p);                                                             \
  }

// A kernel and its twin for vectors.
#define OKTO_BINARY(NAME, TYPE, FUNCTIONS) \
  OKTO_BINARY_ALONE(NAME, TYPE, 1, kGroups, FUNCTIONS) \
  OKTO_BINARY_ALONE(NAME##_vector, TYPE, kVector<TYPE>, kVectorGroups<TYPE>, FUNCTIONS)
