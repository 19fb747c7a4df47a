// Reductions over some axes of a tensor of any layout.
//
// Threads share an output's elements in one of two ways. "Along": neighbouring threads read neighbouring elements of
// one output, for reduced axes that lie innermost. "Across": neighbouring threads read elements of neighbouring
// outputs, for kept axes that lie innermost. A block's share of the reduced elements is a chunk; where outputs are few,
// further blocks in y take further chunks and write parts, which a second launch reduces. Which thread adds what, and
// in which order, depends on the shape alone, so a result is the same in every run and on every device.
#pragma once

#include "reduce/numbers.cuh"
#include "reduce/walk.cuh"

constexpr int kReduceThreads = 256;
constexpr int kVectorBytes = 16;

constexpr int kOpSum = 0;
constexpr int kOpMean = 1;
constexpr int kOpProduct = 2;
constexpr int kOpMax = 3;
constexpr int kOpMin = 4;
constexpr int kOpAny = 5;
constexpr int kOpAll = 6;

struct ReduceParams {
  const void* in;
  void* out;
  Indexer<2> kept;     // where each output's elements begin, and its own place; across: in steps of vectors
  Indexer<1> reduced;  // an output's elements; along: in steps of vectors
  long long part;      // elements of out from one chunk's part to the next
  long long step;      // across: elements of out from one output of a vector to the next
  long long count;     // of a mean: what the sum is divided by, 0 if nothing was added up; else 1
  int op;
  int type;        // of out
  int lanes;       // log2 of the threads that share an output (along) or stand side by side (across)
  unsigned chunk;  // steps of the reduced walk that a block takes
};

// Loads in flight in each thread.
template <int V>
constexpr int kLoads = V == 1 ? 8 : V >= 16 ? 2 : 4;

// Totals of all operations are kept in 64 bits of one kind, so that one loop serves them all.
__device__ __forceinline__ i64 packed(double x) { return __double_as_longlong(x); }
__device__ __forceinline__ i64 packed(i64 x) { return x; }
__device__ __forceinline__ void unpack(i64 bits, double& x) { x = __longlong_as_double(bits); }
__device__ __forceinline__ void unpack(i64 bits, i64& x) { x = bits; }

// An operation lifts elements to parts, joins parts and totals, and finishes totals.
template <typename T>
struct Sum {
  using Whole = Total<T>;
  // A few bytes add up in 32 bits.
  using Part = typename Choice<sizeof(T) == 1, int, Whole>::type;
  i64 count;

  static __device__ __forceinline__ i64 start() { return packed(Whole(0)); }
  __device__ __forceinline__ Part lift(T x) const { return static_cast<Part>(widen(x)); }
  template <typename N>
  static __device__ __forceinline__ N join(N a, N b) {
    return add(a, b);
  }
  __device__ __forceinline__ Whole finish(Whole total) const {
    return count == 1 ? total : total / static_cast<Whole>(count);
  }
};

template <typename T>
struct Product {
  using Whole = Total<T>;
  using Part = Whole;

  static __device__ __forceinline__ i64 start() { return packed(Whole(1)); }
  __device__ __forceinline__ Part lift(T x) const { return static_cast<Part>(widen(x)); }
  static __device__ __forceinline__ Whole join(Whole a, Whole b) { return multiply(a, b); }
  __device__ __forceinline__ Whole finish(Whole total) const { return total; }
};

// The largest, or with mask -1 the smallest.
template <typename T>
struct Extreme {
  using Whole = i64;
  using Part = Key<T>;
  i64 mask;

  static __device__ __forceinline__ i64 start() { return kSmallestKey<i64>; }
  __device__ __forceinline__ Part lift(T x) const { return key_of(widen(x), static_cast<Part>(mask)); }
  template <typename K>
  static __device__ __forceinline__ K join(K a, K b) {
    return a > b ? a : b;
  }
  __device__ __forceinline__ Total<T> finish(i64 total) const { return FromKey<T>::number(total, mask); }
};

// Whether any element is true, or with flip 1 whether all are: not any is false.
template <typename T>
struct Truth {
  using Whole = i64;
  using Part = int;
  int flip;

  static __device__ __forceinline__ i64 start() { return 0; }
  __device__ __forceinline__ Part lift(T x) const { return static_cast<int>(widen(x) != 0) ^ flip; }
  template <typename K>
  static __device__ __forceinline__ K join(K a, K b) {
    return a | b;
  }
  __device__ __forceinline__ Total<T> finish(i64 total) const {
    return static_cast<Total<T>>(static_cast<int>(total) ^ flip);
  }
};

// Calls f with the operation of a code.
template <typename T, typename F>
__device__ __forceinline__ void with_operation(const ReduceParams& p, F f) {
  switch (p.op) {
    case kOpSum:
    case kOpMean:
      f(Sum<T>{p.count});
      break;
    case kOpProduct:
      f(Product<T>{});
      break;
    case kOpMax:
    case kOpMin:
      f(Extreme<T>{p.op == kOpMin ? -1LL : 0LL});
      break;
    case kOpAny:
    case kOpAll:
      f(Truth<T>{p.op == kOpAll ? 1 : 0});
      break;
  }
}

template <typename Op>
__device__ __forceinline__ void join_to(i64& total, const Op& op, typename Op::Whole x) {
  typename Op::Whole whole;
  unpack(total, whole);
  total = packed(op.join(whole, x));
}

// Adds vectors to totals: along, vector u to total u; across, each vector's element v to total v.
template <bool kAcross, typename Op, typename T, int V, int N, int A>
__device__ __forceinline__ void fold(const Op& op, const Vector<T, V> (&x)[N], i64 (&totals)[A]) {
  using Whole = typename Op::Whole;
  if constexpr (kAcross) {
#pragma unroll
    for (int v = 0; v < V; ++v) {
      typename Op::Part part = op.lift(x[0].element[v]);
#pragma unroll
      for (int u = 1; u < N; ++u) part = op.join(part, op.lift(x[u].element[v]));
      join_to(totals[v], op, static_cast<Whole>(part));
    }
  } else {
#pragma unroll
    for (int u = 0; u < N; ++u) {
      typename Op::Part part = op.lift(x[u].element[0]);
#pragma unroll
      for (int v = 1; v < V; ++v) part = op.join(part, op.lift(x[u].element[v]));
      join_to(totals[u], op, static_cast<Whole>(part));
    }
  }
}

template <typename T, int V, bool kAcross>
__device__ __forceinline__ void reduce(const ReduceParams& p) {
  using Load = Vector<T, V>;
  constexpr int U = kLoads<V>;
  constexpr int kTotals = kAcross ? V : U;  // in the loop
  constexpr int kOutputs = kAcross ? V : 1;
  __shared__ i64 shared[kOutputs][kReduceThreads];

  // Threads t and t + distance share an output for every distance that is a power of two from low to high.
  const unsigned thread = threadIdx.x;
  const unsigned lanes = 1u << p.lanes;
  const unsigned beside = thread & (lanes - 1);
  const unsigned behind = thread >> p.lanes;
  const unsigned sharing = kAcross ? kReduceThreads >> p.lanes : lanes;
  const unsigned low = kAcross ? lanes : 1;
  const unsigned high = kAcross ? kReduceThreads / 2 : lanes / 2;
  const unsigned lane = kAcross ? behind : beside;
  const i64 output = kAcross ? (static_cast<i64>(blockIdx.x) << p.lanes) + beside
                             : static_cast<i64>(blockIdx.x) * (kReduceThreads >> p.lanes) + behind;
  const unsigned begin = blockIdx.y * p.chunk;
  const unsigned end = begin + min(p.chunk, p.reduced.count - begin);
  const bool active = output < p.kept.count;

  i64 totals[kTotals];
  with_operation<T>(p, [&](auto op) {
#pragma unroll
    for (int a = 0; a < kTotals; ++a) totals[a] = op.start();
  });
  i64 at[2] = {0, 0};
  if (active) {
    locate(p.kept, static_cast<unsigned>(output), at);
    const T* in = static_cast<const T*>(p.in) + at[0];
    unsigned i = begin + lane;
    for (; i + (U - 1) * sharing < end; i += U * sharing) {
      i64 place[U];
      locate_each(p.reduced, i, sharing, place);
      Load x[U];
#pragma unroll
      for (int u = 0; u < U; ++u) x[u] = *reinterpret_cast<const Load*>(in + place[u]);
      with_operation<T>(p, [&](auto op) { fold<kAcross>(op, x, totals); });
    }
    for (; i < end; i += sharing) {
      i64 place[1];
      locate_each(p.reduced, i, sharing, place);
      const Load x[1] = {*reinterpret_cast<const Load*>(in + place[0])};
      with_operation<T>(p, [&](auto op) { fold<kAcross>(op, x, totals); });
    }
  }

  with_operation<T>(p, [&](auto op) {
    using Whole = typename decltype(op)::Whole;
    if constexpr (!kAcross) {
#pragma unroll
      for (int u = 1; u < U; ++u) {
        Whole other;
        unpack(totals[u], other);
        join_to(totals[0], op, other);
      }
    }
    unsigned distance = high;
    for (; distance >= low && distance >= 32; distance /= 2) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) shared[o][thread] = totals[o];
      __syncthreads();
      if ((thread & distance) == 0) {
#pragma unroll
        for (int o = 0; o < kOutputs; ++o) {
          Whole other;
          unpack(shared[o][thread + distance], other);
          join_to(totals[o], op, other);
        }
      }
      __syncthreads();
    }
    for (; distance >= low && distance > 0; distance /= 2) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) {
        Whole other;
        unpack(__shfl_down_sync(0xffffffffu, totals[o], distance), other);
        join_to(totals[o], op, other);
      }
    }
    if (active && lane == 0) {
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) {
        Whole total;
        unpack(totals[o], total);
        store(p.out, at[1] + blockIdx.y * p.part + o * p.step, p.type, op.finish(total));
      }
    }
  });
}

#define OKTO_REDUCE_KERNEL(NAME, T, V, ACROSS)                  \
  extern "C" __global__ void __launch_bounds__(kReduceThreads)  \
      reduce_##NAME(const __grid_constant__ ReduceParams p) {   \
    reduce<T, V, ACROSS>(p);                                    \
  }

// Four kernels for an element type.
#define OKTO_REDUCE_KERNELS(T)                                                   \
  OKTO_REDUCE_KERNEL(T##_along, T, 1, false)                                     \
  OKTO_REDUCE_KERNEL(T##_along_vector, T, kVectorBytes / sizeof(T), false)       \
  OKTO_REDUCE_KERNEL(T##_across, T, 1, true)                                     \
  OKTO_REDUCE_KERNEL(T##_across_vector, T, kVectorBytes / sizeof(T), true)
