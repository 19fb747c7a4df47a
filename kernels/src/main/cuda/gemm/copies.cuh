// Copies into shared memory, in part or of single numbers, and products in TF32.
#pragma once

#include "common/ptx.cuh"

// If `wanted`, copies `bytes` (0 to 16) and fills the rest of 16 bytes with zeros; both ends are aligned to 16 bytes.
// Nothing is read where bytes is 0.
__device__ __forceinline__ void copy16_async(unsigned to, const void* from, int bytes, bool wanted) {
  asm volatile(
      "{\n"
      ".reg .pred wanted;\n"
      "setp.ne.s32 wanted, %3, 0;\n"
      "@wanted cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;\n"
      "}\n" ::"r"(to),
      "l"(from), "r"(bytes), "r"(static_cast<int>(wanted))
      : "memory");
}

// If `wanted`, copies 4 bytes, or writes a zero where bytes is 0.
__device__ __forceinline__ void copy4_async(unsigned to, const void* from, int bytes, bool wanted) {
  asm volatile(
      "{\n"
      ".reg .pred wanted;\n"
      "setp.ne.s32 wanted, %3, 0;\n"
      "@wanted cp.async.ca.shared.global [%0], [%1], 4, %2;\n"
      "}\n" ::"r"(to),
      "l"(from), "r"(bytes), "r"(static_cast<int>(wanted))
      : "memory");
}

// The type of float32 operands that are multiplied as TF32: 8 bits of exponent and 10 of fraction.
struct tf32 {
  float value;
};

// The same of 16x8 and 8x8 numbers.
template <>
__device__ __forceinline__ void multiply_add<tf32>(float (&sums)[4], const unsigned (&a)[4], unsigned b0,
                                                   unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// A float rounded to TF32, ties away from zero.
__device__ __forceinline__ unsigned round_to_tf32(unsigned bits) {
  unsigned rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(bits)));
  return rounded;
}
