// Element types and the arithmetic each is computed in: float for float32, float16 and bfloat16, double, and 64-bit
// integers for all integers and truth values, which wrap when stored.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

using f32 = float;
using f64 = double;
using f16 = __half;
using bf16 = __nv_bfloat16;
using i8 = signed char;
using u8 = unsigned char;
using i32 = int;
using i64 = long long;

// A truth value: one byte, 0 or 1.
struct boolean {
  unsigned char value;
};

// N neighbours that are read or written by one instruction where N * sizeof(T) is at most 16 bytes.
template <typename T, int N>
struct alignas(sizeof(T) * N) Vector {
  T element[N];
};

template <typename T>
struct Arithmetic {
  using type = i64;
};
template <>
struct Arithmetic<f32> {
  using type = float;
};
template <>
struct Arithmetic<f16> {
  using type = float;
};
template <>
struct Arithmetic<bf16> {
  using type = float;
};
template <>
struct Arithmetic<f64> {
  using type = double;
};
template <typename T>
using Wide = typename Arithmetic<T>::type;

// Saturating, and 0 for NaN, as Java converts.
__device__ __forceinline__ i64 to_integer(double x) {
  if (x != x) return 0;
  if (x >= 9223372036854775808.0) return 0x7fffffffffffffffLL;
  if (x <= -9223372036854775808.0) return -0x7fffffffffffffffLL - 1;
  return static_cast<i64>(x);
}
__device__ __forceinline__ i64 to_integer(float x) {
  if (x != x) return 0;
  if (x >= 9223372036854775808.0f) return 0x7fffffffffffffffLL;
  if (x <= -9223372036854775808.0f) return -0x7fffffffffffffffLL - 1;
  return static_cast<i64>(x);
}
__device__ __forceinline__ i64 to_integer(i64 x) { return x; }

// An element as the number that it is computed with.
__device__ __forceinline__ float widen(f32 x) { return x; }
__device__ __forceinline__ float widen(f16 x) { return __half2float(x); }
__device__ __forceinline__ float widen(bf16 x) { return __bfloat162float(x); }
__device__ __forceinline__ double widen(f64 x) { return x; }
__device__ __forceinline__ i64 widen(i8 x) { return x; }
__device__ __forceinline__ i64 widen(u8 x) { return x; }
__device__ __forceinline__ i64 widen(i32 x) { return x; }
__device__ __forceinline__ i64 widen(i64 x) { return x; }
__device__ __forceinline__ i64 widen(boolean x) { return x.value; }

// A number as an element: floats rounded to nearest (a double by way of float, as on the CPU), integers wrapped.
template <typename T>
struct Narrow {
  template <typename W>
  static __device__ __forceinline__ T from(W x) {
    return static_cast<T>(to_integer(x));
  }
};
template <>
struct Narrow<f32> {
  template <typename W>
  static __device__ __forceinline__ f32 from(W x) {
    return static_cast<float>(x);
  }
};
template <>
struct Narrow<f64> {
  template <typename W>
  static __device__ __forceinline__ f64 from(W x) {
    return static_cast<double>(x);
  }
};
template <>
struct Narrow<f16> {
  template <typename W>
  static __device__ __forceinline__ f16 from(W x) {
    return __float2half_rn(static_cast<float>(x));
  }
};
template <>
struct Narrow<bf16> {
  template <typename W>
  static __device__ __forceinline__ bf16 from(W x) {
    return __float2bfloat16_rn(static_cast<float>(x));
  }
};
template <>
struct Narrow<boolean> {
  template <typename W>
  static __device__ __forceinline__ boolean from(W x) {
    return boolean{static_cast<unsigned char>(x != W(0))};
  }
};

template <typename T, typename W>
__device__ __forceinline__ T narrow(W x) {
  return Narrow<T>::from(x);
}

// Four neighbours at once.
template <typename T>
__device__ __forceinline__ Vector<T, 4> narrow_four(float4 x) {
  return {narrow<T>(x.x), narrow<T>(x.y), narrow<T>(x.z), narrow<T>(x.w)};
}
