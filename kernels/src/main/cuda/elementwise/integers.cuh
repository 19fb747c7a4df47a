// Functions of integers and truth values, in 64 bits and wrapping, as the CPU backend defines them.
#pragma once

#include "elementwise/binary.cuh"
#include "elementwise/unary.cuh"

constexpr int kOpNegate = 0;
constexpr int kOpAbs = 1;
constexpr int kOpSign = 2;
constexpr int kOpSquare = 3;
constexpr int kOpRelu = 4;

constexpr int kOpAdd = 0;
constexpr int kOpSubtract = 1;
constexpr int kOpMultiply = 2;
constexpr int kOpMaximum = 3;
constexpr int kOpMinimum = 4;

// Signed overflow is undefined in C++, unsigned overflow is not.
namespace integers {

using u64 = unsigned long long;

__device__ __forceinline__ i64 negative(i64 x) { return static_cast<i64>(0 - static_cast<u64>(x)); }
__device__ __forceinline__ i64 sum(i64 x, i64 y) { return static_cast<i64>(static_cast<u64>(x) + static_cast<u64>(y)); }
__device__ __forceinline__ i64 difference(i64 x, i64 y) {
  return static_cast<i64>(static_cast<u64>(x) - static_cast<u64>(y));
}
__device__ __forceinline__ i64 product(i64 x, i64 y) {
  return static_cast<i64>(static_cast<u64>(x) * static_cast<u64>(y));
}

}  // namespace integers

struct IntegerFunctions {
  template <typename T, typename Use>
  static __device__ __forceinline__ void with_unary(int op, Use use) {
    switch (op) {
      case kOpNegate: return use([](i64 x) { return integers::negative(x); });
      case kOpAbs: return use([](i64 x) { return x < 0 ? integers::negative(x) : x; });
      case kOpSign: return use([](i64 x) { return static_cast<i64>(x > 0) - static_cast<i64>(x < 0); });
      case kOpSquare: return use([](i64 x) { return integers::product(x, x); });
      case kOpRelu: return use([](i64 x) { return x < 0 ? i64{0} : x; });
    }
  }

  template <typename T, typename Use>
  static __device__ __forceinline__ void with_binary(const BinaryParams& p, Use use) {
    switch (p.op) {
      case kOpAdd: return use([](i64 x, i64 y) { return integers::sum(x, y); });
      case kOpSubtract: return use([](i64 x, i64 y) { return integers::difference(x, y); });
      case kOpMultiply: return use([](i64 x, i64 y) { return integers::product(x, y); });
      case kOpMaximum: return use([](i64 x, i64 y) { return x > y ? x : y; });
      case kOpMinimum: return use([](i64 x, i64 y) { return x < y ? x : y; });
    }
  }
};
