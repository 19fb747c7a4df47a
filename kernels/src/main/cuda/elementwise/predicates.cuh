// Comparisons and logic: out = op(a, b) as truth values. An operation's code is its own truth table.
#pragma once

#include <type_traits>

#include "elementwise/binary.cuh"

// Bits for less, equal, greater and unordered.
constexpr int kOpLess = 1;
constexpr int kOpEqual = 2;
constexpr int kOpLessOrEqual = 3;
constexpr int kOpGreater = 4;
constexpr int kOpGreaterOrEqual = 6;
constexpr int kOpNotEqual = 13;
constexpr int kOpIsNan = 8;  // of a with itself

// 16, and bits for neither a nor b being other than zero, b alone, a alone, and both.
constexpr int kOpLogicalNot = 17;  // of a with zero
constexpr int kOpLogicalXor = 22;
constexpr int kOpLogicalAnd = 24;
constexpr int kOpLogicalOr = 30;

constexpr int kOpIsInfinite = 32;  // of a alone; no integer is

struct Predicates {
  template <typename T, typename Use>
  static __device__ __forceinline__ void with_binary(const BinaryParams& p, Use use) {
    using W = Wide<T>;
    const int op = p.op;
    if (op < 16) {
      use([op](W x, W y) {
        const int relation = x < y ? 0 : x == y ? 1 : x > y ? 2 : 3;
        return static_cast<i64>(op >> relation & 1);
      });
    } else if (op < 32) {
      use([op](W x, W y) {
        const int truths = (x != 0 ? 2 : 0) + (y != 0 ? 1 : 0);
        return static_cast<i64>(op >> truths & 1);
      });
    } else if constexpr (!std::is_same_v<W, i64>) {
      use([](W x, W) { return static_cast<i64>(isinf(x) != 0); });
    }
  }
};

// A kernel and its twin for vectors.
#define OKTO_PREDICATE(NAME, TYPE)                                                                                  \
  extern "C" __global__ void __launch_bounds__(kThreads) predicate_##NAME(const __grid_constant__ BinaryParams p) { \
    binary<TYPE, boolean, 1, kGroups, Predicates>(p);                                                               \
  }                                                                                                                 \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                            \
      predicate_##NAME##_vector(const __grid_constant__ BinaryParams p) {                                           \
    binary<TYPE, boolean, kVector<TYPE>, kVectorGroups<TYPE>, Predicates>(p);                                       \
  }
