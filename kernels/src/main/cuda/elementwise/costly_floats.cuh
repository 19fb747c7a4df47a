// Functions of floats and doubles that arithmetic limits rather than memory; floats.cuh has the others.
//
// Errors of the float functions, by the tables of the CUDA C++ Programming Guide ("Mathematical Functions"): cbrt and
// log2 1 ulp; log10, sin, cos, asin, acos, atan, cosh, erf and erfinv 2; atan2, sinh, asinh and atanh 3; tan, acosh and
// pow 4; fmod is exact.
#pragma once

#include <type_traits>

#include "elementwise/binary.cuh"
#include "elementwise/unary.cuh"

constexpr int kOpCbrt = 0;
constexpr int kOpLog10 = 1;
constexpr int kOpLog2 = 2;
constexpr int kOpSin = 3;
constexpr int kOpCos = 4;
constexpr int kOpTan = 5;
constexpr int kOpAsin = 6;
constexpr int kOpAcos = 7;
constexpr int kOpAtan = 8;
constexpr int kOpSinh = 9;
constexpr int kOpCosh = 10;
constexpr int kOpAsinh = 11;
constexpr int kOpAcosh = 12;
constexpr int kOpAtanh = 13;
constexpr int kOpErf = 14;
constexpr int kOpErfInv = 15;

constexpr int kOpRemainder = 0;
constexpr int kOpPower = 1;
constexpr int kOpPowerOfConstant = 2;  // with operand b's number, a double, as the exponent
constexpr int kOpAtan2 = 3;

namespace floats {

// With the divisor's sign.
template <typename W>
__device__ __forceinline__ W remainder(W x, W y) {
  const W rest = fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

__device__ __forceinline__ double power_of_constant(double x, double exponent) { return pow(x, exponent); }

// The exponent rounded to float would cost as many ulps as the result has binary digits before its point. What is lost
// is made up for by a factor x^lost = 1 + lost * log x; x that have no logarithm are computed in double.
__device__ __forceinline__ float power_of_constant(float x, double exponent) {
  const float rounded = static_cast<float>(exponent);
  const float lost = static_cast<float>(exponent - rounded);
  if (lost == 0.f) return powf(x, rounded);
  if (x > 0.f && !isinf(x) && isfinite(lost)) {
    const float result = powf(x, rounded);
    return isinf(result) ? result : fmaf(result, lost * logf(x), result);
  }
  return static_cast<float>(pow(static_cast<double>(x), exponent));
}

// Exact for powers of two, where CUDA's log2 of a double may be an ulp off.
__device__ __forceinline__ float log2_exact(float x) { return log2f(x); }
__device__ __forceinline__ double log2_exact(double x) {
  int exponent;
  return frexp(x, &exponent) == 0.5 ? exponent - 1 : log2(x);
}

}  // namespace floats

struct CostlyFloatFunctions {
  template <typename T, typename Use>
  static __device__ __forceinline__ void with_unary(int op, Use use) {
    using W = Wide<T>;
    switch (op) {
      case kOpCbrt: return use([](W x) { return cbrt(x); });
      case kOpLog10: return use([](W x) { return log10(x); });
      case kOpLog2: return use([](W x) { return floats::log2_exact(x); });
      case kOpSin: return use([](W x) { return sin(x); });
      case kOpCos: return use([](W x) { return cos(x); });
      case kOpTan: return use([](W x) { return tan(x); });
      case kOpAsin: return use([](W x) { return asin(x); });
      case kOpAcos: return use([](W x) { return acos(x); });
      case kOpAtan: return use([](W x) { return atan(x); });
      case kOpSinh: return use([](W x) { return sinh(x); });
      case kOpCosh: return use([](W x) { return cosh(x); });
      case kOpAsinh: return use([](W x) { return asinh(x); });
      case kOpAcosh: return use([](W x) { return acosh(x); });
      case kOpAtanh: return use([](W x) { return atanh(x); });
      case kOpErf: return use([](W x) { return erf(x); });
      case kOpErfInv: return use([](W x) { return erfinv(x); });
    }
  }

  template <typename T, typename Use>
  static __device__ __forceinline__ void with_binary(const BinaryParams& p, Use use) {
    using W = Wide<T>;
    switch (p.op) {
      case kOpRemainder: return use([](W x, W y) { return floats::remainder(x, y); });
      case kOpPower: return use([](W x, W y) { return pow(x, y); });
      case kOpPowerOfConstant:
        return use([exponent = p.b.real](W x, W) { return floats::power_of_constant(x, exponent); });
      case kOpAtan2: return use([](W x, W y) { return atan2(x, y); });
    }
  }
};
