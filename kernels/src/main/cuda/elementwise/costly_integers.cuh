// Functions of integers that take a loop: division, which GPUs have no instruction for, and powers. In 64 bits and
// wrapping, as the CPU backend defines them.
#pragma once

#include "elementwise/binary.cuh"

constexpr int kOpDivide = 0;
constexpr int kOpRemainder = 1;
constexpr int kOpPower = 2;

namespace integers {

using u64 = unsigned long long;

// Towards zero; the lowest number by -1 wraps to itself.
__device__ __forceinline__ i64 quotient(i64 x, i64 y, int* error) {
  if (y == 0) {
    *error = 1;
    return 0;
  }
  const u64 dividend = x < 0 ? 0 - static_cast<u64>(x) : static_cast<u64>(x);
  const u64 divisor = y < 0 ? 0 - static_cast<u64>(y) : static_cast<u64>(y);
  // Narrow numbers, the usual ones, take a fifth of the instructions.
  const u64 result = (dividend | divisor) >> 32 == 0
                         ? static_cast<unsigned>(dividend) / static_cast<unsigned>(divisor)
                         : dividend / divisor;
  return static_cast<i64>((x < 0) != (y < 0) ? 0 - result : result);
}

// With the divisor's sign.
__device__ __forceinline__ i64 remainder(i64 x, i64 y, int* error) {
  const u64 whole = static_cast<u64>(quotient(x, y, error)) * static_cast<u64>(y);
  const i64 rest = static_cast<i64>(static_cast<u64>(x) - whole);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

// Modulo 2^64; negative exponents give what truncation leaves of the fraction.
__device__ __forceinline__ i64 power(i64 base, i64 exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? ((exponent & 1) == 0 ? 1 : -1) : 0;
  u64 result = 1;
  u64 square = static_cast<u64>(base);
  for (u64 rest = static_cast<u64>(exponent); rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) result *= square;
    square *= square;
  }
  return static_cast<i64>(result);
}

}  // namespace integers

struct CostlyIntegerFunctions {
  template <typename T, typename Use>
  static __device__ __forceinline__ void with_binary(const BinaryParams& p, Use use) {
    switch (p.op) {
      case kOpDivide:
        return use([error = p.error](i64 x, i64 y) { return integers::quotient(x, y, error); });
      case kOpRemainder:
        return use([error = p.error](i64 x, i64 y) { return integers::remainder(x, y, error); });
      case kOpPower: return use([](i64 x, i64 y) { return integers::power(x, y); });
    }
  }
};
