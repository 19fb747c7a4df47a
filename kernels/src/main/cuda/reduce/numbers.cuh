// How reductions and scans compute with elements: floats in double, integers in 64 bits that wrap; and how elements
// become integers of the same order.
#pragma once

#include "common/types.cuh"

template <typename T>
constexpr bool kIsReal = false;
template <>
constexpr bool kIsReal<f32> = true;
template <>
constexpr bool kIsReal<f64> = true;
template <>
constexpr bool kIsReal<f16> = true;
template <>
constexpr bool kIsReal<bf16> = true;

template <bool kCondition, typename A, typename B>
struct Choice {
  using type = A;
};
template <typename A, typename B>
struct Choice<false, A, B> {
  using type = B;
};

// What sums and products of T are kept in.
template <typename T>
using Total = typename Choice<kIsReal<T>, double, i64>::type;

// What orders T: integers of 32 bits where they suffice.
template <typename T>
using Key = typename Choice<sizeof(T) == 8, i64, int>::type;

__device__ __forceinline__ float add(float a, float b) { return a + b; }
__device__ __forceinline__ double add(double a, double b) { return a + b; }
__device__ __forceinline__ int add(int a, int b) { return a + b; }
// Unsigned arithmetic wraps; signed overflow would be undefined.
__device__ __forceinline__ i64 add(i64 a, i64 b) {
  return static_cast<i64>(static_cast<unsigned long long>(a) + static_cast<unsigned long long>(b));
}
__device__ __forceinline__ double multiply(double a, double b) { return a * b; }
__device__ __forceinline__ i64 multiply(i64 a, i64 b) {
  return static_cast<i64>(static_cast<unsigned long long>(a) * static_cast<unsigned long long>(b));
}

template <typename K>
constexpr K kLargestKey = 0x7fffffff;
template <>
constexpr i64 kLargestKey<i64> = 0x7fffffffffffffffLL;
template <typename K>
constexpr K kSmallestKey = -kLargestKey<K> - 1;

// Bits of a float as an integer of the same order, -0 just below +0; its own inverse.
__device__ __forceinline__ int ordered(int bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }
__device__ __forceinline__ i64 ordered(i64 bits) { return bits ^ ((bits >> 63) & 0x7fffffffffffffffLL); }

__device__ __forceinline__ int bits_of(float x) { return __float_as_int(x); }
__device__ __forceinline__ i64 bits_of(double x) { return __double_as_longlong(x); }

// A number's place in the order in which the largest wins; with mask -1 instead of 0, in the reverse order. NaN is the
// largest in both.
template <typename K, typename W>
__device__ __forceinline__ K key_of_real(W x, K mask) {
  return x != x ? kLargestKey<K> : ordered(bits_of(x)) ^ mask;
}
__device__ __forceinline__ int key_of(float x, int mask) { return key_of_real<int>(x, mask); }
__device__ __forceinline__ i64 key_of(double x, i64 mask) { return key_of_real<i64>(x, mask); }
__device__ __forceinline__ int key_of(i64 x, int mask) { return static_cast<int>(x) ^ mask; }
__device__ __forceinline__ i64 key_of(i64 x, i64 mask) { return x ^ mask; }

// The number that has a key.
template <typename T>
struct FromKey {
  static __device__ __forceinline__ i64 number(i64 key, i64 mask) { return key ^ mask; }
};
template <>
struct FromKey<f64> {
  static __device__ __forceinline__ double number(i64 key, i64 mask) {
    return __longlong_as_double(key == kLargestKey<i64> ? key : ordered(key ^ mask));
  }
};
template <>
struct FromKey<f32> {
  static __device__ __forceinline__ double number(i64 key, i64 mask) {
    const int narrow_key = static_cast<int>(key);
    return __int_as_float(narrow_key == kLargestKey<int> ? narrow_key : ordered(narrow_key ^ static_cast<int>(mask)));
  }
};
template <>
struct FromKey<f16> : FromKey<f32> {};
template <>
struct FromKey<bf16> : FromKey<f32> {};

// Element types by number.
constexpr int kTypeF32 = 0;
constexpr int kTypeF64 = 1;
constexpr int kTypeF16 = 2;
constexpr int kTypeBF16 = 3;
constexpr int kTypeI8 = 4;
constexpr int kTypeU8 = 5;
constexpr int kTypeI32 = 6;
constexpr int kTypeI64 = 7;
constexpr int kTypeBOOL = 8;

// Stores a number as an element of a type that is known at run time.
__device__ __forceinline__ void store(void* out, i64 at, int type, double x) {
  switch (type) {
    case kTypeF32:
      static_cast<f32*>(out)[at] = narrow<f32>(x);
      break;
    case kTypeF64:
      static_cast<f64*>(out)[at] = x;
      break;
    case kTypeF16:
      static_cast<f16*>(out)[at] = narrow<f16>(x);
      break;
    case kTypeBF16:
      static_cast<bf16*>(out)[at] = narrow<bf16>(x);
      break;
    case kTypeBOOL:
      static_cast<boolean*>(out)[at] = narrow<boolean>(x);
      break;
  }
}
__device__ __forceinline__ void store(void* out, i64 at, int type, i64 x) {
  switch (type) {
    case kTypeI8:
    case kTypeU8:
      static_cast<u8*>(out)[at] = static_cast<u8>(x);
      break;
    case kTypeI32:
      static_cast<i32*>(out)[at] = static_cast<i32>(x);
      break;
    case kTypeI64:
      static_cast<i64*>(out)[at] = x;
      break;
    case kTypeBOOL:
      static_cast<boolean*>(out)[at] = narrow<boolean>(x);
      break;
  }
}
