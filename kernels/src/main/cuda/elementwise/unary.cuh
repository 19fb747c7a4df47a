// out = op(in) for one type of element and one set of functions.
#pragma once

#include "elementwise/elementwise.cuh"

struct UnaryParams {
  void* out;
  const void* in;
  int op;
  int in_mode;
  Indexer<2> walk;
};

// Functions::with_unary<T>(op, use) calls use(f) with the function of an operation, so that the choice is made once for
// all of a thread's elements. f takes and gives the numbers that T is computed with.
template <typename T, int V, int Groups, typename Functions>
__device__ __forceinline__ void unary(const UnaryParams& p) {
  i64 at[Groups][2];
  Group<T, V> group[Groups];
  locate_all(p.walk, at);
  load_all(p.in, p.in_mode, 1, at, group);
  Functions::template with_unary<T>(p.op, [&](auto f) {
#pragma unroll
    for (int k = 0; k < Groups; ++k) {
      if (group_number<Groups>(k) >= p.walk.count) break;
      Vector<T, V> x = group[k].unpack();
#pragma unroll
      for (int e = 0; e < V; ++e) x.element[e] = narrow<T>(f(widen(x.element[e])));
      group[k].pack(x);
    }
  });
  store_all(p.out, p.walk, at, group);
}

#define OKTO_UNARY_ALONE(NAME, TYPE, WIDTH, GROUPS, FUNCTIONS)                                                 \
  extern "C" __global__ void __launch_bounds__(kThreads) unary_##NAME(const __grid_constant__ UnaryParams p) { \
    unary<TYPE, WIDTH, GROUPS, FUNCTIONS>(p);                                                                  \
  }

// A kernel and its twin for vectors.
#define OKTO_UNARY(NAME, TYPE, FUNCTIONS) \
  OKTO_UNARY_ALONE(NAME, TYPE, 1, kGroups, FUNCTIONS) \
  OKTO_UNARY_ALONE(NAME##_vector, TYPE, kVector<TYPE>, kVectorGroups<TYPE>, FUNCTIONS)
