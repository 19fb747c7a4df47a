// Walking over several strided tensors of one shape, as org.oktoblas.cuda.Iteration plans it.
#pragma once

constexpr int kMaxRank = 8;

// Division by a constant through a multiplication (Granlund and Montgomery, "Division by invariant integers using
// multiplication", PLDI 1994); right for every dividend below 2^31.
struct Divisor {
  unsigned size;
  unsigned multiplier;
  unsigned shift;

  __device__ __forceinline__ unsigned divide(unsigned n) const {
    return (__umulhi(n, multiplier) + n) >> shift;
  }
};

// N tensors; strides are elements.
template <int N>
struct Indexer {
  int rank;
  unsigned count;
  Divisor axis[kMaxRank];
  long long stride[N][kMaxRank];

  // Where element i, in row-major order of the walk, lies in each tensor.
  __device__ __forceinline__ void offsets(unsigned i, long long (&at)[N]) const {
#pragma unroll
    for (int t = 0; t < N; ++t) at[t] = 0;
    unsigned rest = i;
#pragma unroll
    for (int d = kMaxRank - 1; d > 0; --d) {
      if (d < rank) {
        const unsigned outer = axis[d].divide(rest);
        const unsigned index = rest - outer * axis[d].size;
        rest = outer;
#pragma unroll
        for (int t = 0; t < N; ++t) at[t] += index * stride[t][d];
      }
    }
#pragma unroll
    for (int t = 0; t < N; ++t) at[t] += rest * stride[t][0];
  }
};
