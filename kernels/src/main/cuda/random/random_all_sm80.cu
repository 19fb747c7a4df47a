// Random numbers by Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), the same as
// the CPU backend's: element i has the number c = counter + i, and takes two of the four words that block c / 2 gives.
#include <type_traits>

#include "common/index.cuh"
#include "common/types.cuh"

constexpr int kThreads = 256;

constexpr int kOpUniform = 0;
constexpr int kOpNormal = 1;
constexpr int kOpInteger = 2;

struct RandomParams {
  void* out;
  double first;   // UNIFORM: the lower end; NORMAL: the mean
  double second;  // UNIFORM: the upper end; NORMAL: the standard deviation
  double below;   // UNIFORM: what stands for a number that rounding took to the upper end
  i64 lowest;     // INTEGER: the lower end
  i64 range;      // INTEGER: how many there are
  unsigned long long seed;
  unsigned long long counter;  // the number of the walk's first element
  int op;
  int unused;
  Indexer<1> walk;
};

namespace {

using u64 = unsigned long long;

constexpr int kRounds = 10;

// The words of a block, as the bits of its even and of its odd element.
__device__ __forceinline__ void philox(u64 seed, u64 block, u64& even, u64& odd) {
  unsigned c0 = static_cast<unsigned>(block), c1 = static_cast<unsigned>(block >> 32), c2 = 0, c3 = 0;
  unsigned k0 = static_cast<unsigned>(seed), k1 = static_cast<unsigned>(seed >> 32);
#pragma unroll
  for (int round = 0; round < kRounds; ++round) {
    const u64 p0 = static_cast<u64>(c0) * 0xD2511F53u;
    const u64 p1 = static_cast<u64>(c2) * 0xCD9E8D57u;
    c0 = static_cast<unsigned>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<unsigned>(p1);
    c2 = static_cast<unsigned>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<unsigned>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  even = static_cast<u64>(c0) << 32 | c1;
  odd = static_cast<u64>(c2) << 32 | c3;
}

// The bits of a significand.
template <typename T>
__device__ constexpr int significand() {
  return std::is_same_v<T, f64> ? 53 : std::is_same_v<T, f32> ? 24 : std::is_same_v<T, f16> ? 11 : 8;
}

// All in double and without fused operations, as Java computes.
template <typename T>
__device__ __forceinline__ T uniform(const RandomParams& p, u64 bits) {
  constexpr int kBits = significand<T>();
  constexpr double kUnit = 1.0 / static_cast<double>(1ull << kBits);
  const double fraction = static_cast<double>(bits >> (64 - kBits)) * kUnit;
  const T value = narrow<T>(__dadd_rn(p.first, __dmul_rn(fraction, __dsub_rn(p.second, p.first))));
  return static_cast<double>(widen(value)) >= p.second && p.first < p.second ? narrow<T>(p.below) : value;
}

__device__ __forceinline__ double normal(const RandomParams& p, u64 bits) {
  const double u = static_cast<double>((bits >> 32) + 1) * 0x1p-32;
  const double v = static_cast<double>(bits & 0xffffffffu) * 0x1p-32;
  const double radius = __dmul_rn(p.second, sqrt(__dmul_rn(-2.0, log(u))));
  return __dadd_rn(p.first, __dmul_rn(radius, cos(__dmul_rn(6.283185307179586, v))));
}

// The upper half of the product of the bits and the range.
__device__ __forceinline__ i64 integer(const RandomParams& p, u64 bits) {
  return static_cast<i64>(static_cast<u64>(p.lowest) + __umul64hi(bits, static_cast<u64>(p.range)));
}

// Integers are drawn from INTEGER alone.
template <typename T>
__device__ __forceinline__ T draw(const RandomParams& p, u64 bits) {
  if constexpr (!std::is_same_v<Wide<T>, i64>) {
    if (p.op == kOpUniform) return uniform<T>(p, bits);
    if (p.op == kOpNormal) return narrow<T>(normal(p, bits));
  }
  return p.op == kOpInteger ? narrow<T>(integer(p, bits)) : T{};
}

// Each thread computes one block of words, of which the first and the last of the draw may be needed in part.
template <typename T>
__device__ __forceinline__ void draw_all(const RandomParams& p) {
  const u64 pair = static_cast<u64>(blockIdx.x) * kThreads + threadIdx.x;
  const unsigned odd_start = static_cast<unsigned>(p.counter & 1);
  u64 bits[2];
  philox(p.seed, (p.counter >> 1) + pair, bits[0], bits[1]);
  T* out = static_cast<T*>(p.out);
#pragma unroll
  for (int k = 0; k < 2; ++k) {
    // Below 0, and so a huge number, for the element before the first.
    const unsigned i = static_cast<unsigned>(2 * pair + k) - odd_start;
    if (i < p.walk.count) {
      i64 at[1];
      p.walk.offsets(i, at);
      out[at[0]] = draw<T>(p, bits[k]);
    }
  }
}

}  // namespace

#define OKTO_RANDOM(NAME, TYPE)                                                                                  \
  extern "C" __global__ void __launch_bounds__(kThreads) random_##NAME(const __grid_constant__ RandomParams p) { \
    draw_all<TYPE>(p);                                                                                           \
  }

OKTO_RANDOM(f32, f32)
OKTO_RANDOM(f64, f64)
OKTO_RANDOM(f16, f16)
OKTO_RANDOM(bf16, bf16)
OKTO_RANDOM(i8, i8)
OKTO_RANDOM(u8, u8)
OKTO_RANDOM(i32, i32)
OKTO_RANDOM(i64, i64)
OKTO_RANDOM(bool, boolean)
