// Functions of floats and doubles as the CPU backend defines them; the operations have the engine's names. All of these
// take few enough instructions for a kernel to be bound by memory; costly_floats.cuh has the others.
//
// Errors of the float functions, by the tables of the CUDA C++ Programming Guide ("Mathematical Functions"): exp and
// log 1 ulp, tanh 2, erfc 4, normcdf 5; division and square root are rounded to nearest. The logistic function takes
// the reciprocal of common/ptx.cuh, 1 ulp.
#pragma once

#include <type_traits>

#include "common/ptx.cuh"
#include "elementwise/binary.cuh"
#include "elementwise/unary.cuh"

constexpr int kOpNegate = 0;
constexpr int kOpAbs = 1;
constexpr int kOpSign = 2;
constexpr int kOpSquare = 3;
constexpr int kOpCube = 4;  // the power of 3, which is multiplied out
constexpr int kOpSqrt = 5;
constexpr int kOpReciprocal = 6;
constexpr int kOpExp = 7;
constexpr int kOpLog = 8;
constexpr int kOpFloor = 9;
constexpr int kOpCeil = 10;
constexpr int kOpRound = 11;
constexpr int kOpTrunc = 12;
constexpr int kOpSigmoid = 13;
constexpr int kOpTanh = 14;
constexpr int kOpRelu = 15;
constexpr int kOpGelu = 16;
constexpr int kOpGeluTanh = 17;
constexpr int kOpSilu = 18;

constexpr int kOpAdd = 0;
constexpr int kOpSubtract = 1;
constexpr int kOpMultiply = 2;
constexpr int kOpDivide = 3;
constexpr int kOpMaximum = 4;
constexpr int kOpMinimum = 5;

namespace floats {

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kGeluCubic = 0.044715;
constexpr double kTwiceSqrtTwoOverPi = 1.59576912160573071176;

// Minus infinity, below the lowest finite number.
__device__ __forceinline__ bool is_lowest(float x) { return x < -3.402823466e38f; }
__device__ __forceinline__ bool is_lowest(double x) { return x < -1.7976931348623157e308; }

// 0 for NaN, as PyTorch's.
template <typename W>
__device__ __forceinline__ W sign(W x) {
  return x > 0 ? W(1) : x < 0 ? W(-1) : W(0);
}

// NaN stays, and -0 becomes 0.
template <typename W>
__device__ __forceinline__ W relu(W x) {
  return x <= 0 ? W(0) : x;
}

__device__ __forceinline__ float sigmoid(float x) { return reciprocal_of(1.f + expf(-x)); }
__device__ __forceinline__ double sigmoid(double x) { return 1. / (1. + exp(-x)); }

// At the bound the logistic function has long become 0 and the products are -0, as they are for all that is lower but
// minus infinity, which would give NaN. A bound on the argument, unlike one on the result, takes no branch.
__device__ __forceinline__ float no_less_than_bound(float x) { return x < -104.f ? -104.f : x; }

__device__ __forceinline__ float silu(float x) {
  x = no_less_than_bound(x);
  return x * sigmoid(x);
}
__device__ __forceinline__ double silu(double x) { return is_lowest(x) ? 0. : x * sigmoid(x); }

// (1 + tanh u) / 2 is the logistic function of 2u.
template <typename W>
__device__ __forceinline__ W gelu_tanh_of_finite(W x) {
  return x * sigmoid(W(kTwiceSqrtTwoOverPi) * (x + W(kGeluCubic) * x * x * x));
}
__device__ __forceinline__ float gelu_tanh(float x) { return gelu_tanh_of_finite(no_less_than_bound(x)); }
__device__ __forceinline__ double gelu_tanh(double x) { return is_lowest(x) ? 0. : gelu_tanh_of_finite(x); }

// By the normal distribution's integral, which does not cancel for negative x. For 16-bit elements the error function
// of a rounded argument is good enough, and cheaper.
template <typename T, typename W>
__device__ __forceinline__ W gelu(W x) {
  if (is_lowest(x)) return 0;
  if constexpr (sizeof(T) == 2) {
    return 0.5f * x * erfcf(-x * static_cast<float>(kSqrtHalf));
  } else if constexpr (sizeof(T) == 4) {
    return x * normcdff(x);
  } else {
    return x * normcdf(x);
  }
}

// As Java's Math.max and Math.min: NaN if either is, and -0 is less than 0.
template <typename W>
__device__ __forceinline__ W maximum(W x, W y) {
  return x > y || x != x || (x == y && !signbit(x)) ? x : y;
}
template <typename W>
__device__ __forceinline__ W minimum(W x, W y) {
  return x < y || x != x || (x == y && signbit(x)) ? x : y;
}

}  // namespace floats

struct FloatFunctions {
  template <typename T, typename Use>
  static __device__ __forceinline__ void with_unary(int op, Use use) {
    using W = Wide<T>;
    switch (op) {
      case kOpNegate: return use([](W x) { return -x; });
      case kOpAbs: return use([](W x) { return fabs(x); });
      case kOpSign: return use([](W x) { return floats::sign(x); });
      case kOpSquare: return use([](W x) { return x * x; });
      case kOpCube: return use([](W x) { return x * x * x; });
      case kOpSqrt: return use([](W x) { return sqrt(x); });
      case kOpReciprocal: return use([](W x) { return W(1) / x; });
      case kOpExp: return use([](W x) { return exp(x); });
      case kOpLog: return use([](W x) { return log(x); });
      case kOpFloor: return use([](W x) { return floor(x); });
      case kOpCeil: return use([](W x) { return ceil(x); });
      case kOpRound: return use([](W x) { return rint(x); });
      case kOpTrunc: return use([](W x) { return trunc(x); });
      case kOpSigmoid: return use([](W x) { return floats::sigmoid(x); });
      case kOpTanh: return use([](W x) { return tanh(x); });
      case kOpRelu: return use([](W x) { return floats::relu(x); });
      case kOpGelu: return use([](W x) { return floats::gelu<T>(x); });
      case kOpGeluTanh: return use([](W x) { return floats::gelu_tanh(x); });
      case kOpSilu: return use([](W x) { return floats::silu(x); });
    }
  }

  template <typename T, typename Use>
  static __device__ __forceinline__ void with_binary(const BinaryParams& p, Use use) {
    using W = Wide<T>;
    switch (p.op) {
      case kOpAdd: return use([](W x, W y) { return x + y; });
      case kOpSubtract: return use([](W x, W y) { return x - y; });
      case kOpMultiply: return use([](W x, W y) { return x * y; });
      case kOpDivide: return use([](W x, W y) { return x / y; });
      case kOpMaximum: return use([](W x, W y) { return floats::maximum(x, y); });
      case kOpMinimum: return use([](W x, W y) { return floats::minimum(x, y); });
    }
  }
};
