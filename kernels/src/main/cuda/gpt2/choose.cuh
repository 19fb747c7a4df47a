// Chooses the next token of each sequence from its logits, one block a sequence, exactly as the host's sampler does:
// repetition penalty, suppression of end-of-text, then the likeliest token, or a draw among those that top-k and top-p
// leave. A token's probability is kept as an integer weight, so that no sum depends on an order.
#pragma once

#include "gpt2/logits.cuh"

constexpr int kMostColumns = 64;
constexpr int kBinBits = 12;
constexpr int kBins = 4096;
constexpr int kBinsPerThread = kBins / kChooseThreads;
static_assert(kBins == 1 << kBinBits && kBinsPerThread == 4, "a thread reads its bins as one vector");

struct ChooseParams {
  const float* logits;        // row c belongs to column c, which block c works on
  long long pitch;            // elements from one row to the next
  const u64* best;            // best[i * columns + c]: the candidates of column c, see candidate.cuh; or null
  int* history;               // history[slot * history_pitch + position]: prompt and generated tokens
  int* positions;             // by slot: the position of the newest token
  const int* prompt_lengths;  // by slot
  volatile u64* tokens;       // by slot, in memory of the host: step and chosen token, one in each half
  u64 seed;
  double top_p;          // 1 for all tokens
  float scale;           // log2(e) / temperature, or 0: the likeliest token is taken
  float penalty;         // of repetition; 1 for none
  int vocabulary;
  int best_count;
  int history_pitch;
  int top_k;             // 0 for all tokens
  int min_tokens;        // before so many generated tokens, end-of-text is suppressed
  int end_of_text;       // or -1
  unsigned step;
  int columns;
  int slots[kMostColumns];  // of each column
};

struct ChooseScratch {
  alignas(16) unsigned low[kBins];  // 64-bit sums in two halves, since the hardware adds no more at once
  alignas(16) unsigned high[kBins];
  u64 warps[kChooseWarps];
  u64 bin_before;
  u64 bin_sum;
  int bin;
  int token;
};

// 2^40 exp((logit - best) / temperature), rounded down; 0 from 2^-40 downwards. Rounds after every operation as Java
// does, so that host and device agree to the last bit.
__device__ __forceinline__ u64 weight_of(float logit, float best, float scale) {
  const float x = __fmul_rn(__fsub_rn(best, logit), scale);
  if (!(x < 40.0f)) return 0;
  const int whole = static_cast<int>(x);
  const float part = __fsub_rn(x, static_cast<float>(whole));
  // 2^-part, of least relative error over [0, 1].
  float power = 0x1.c946c8p-14f;
  power = __fadd_rn(__fmul_rn(power, part), -0x1.4e2ae8p-10f);
  power = __fadd_rn(__fmul_rn(power, part), 0x1.39e3fcp-7f);
  power = __fadd_rn(__fmul_rn(power, part), -0x1.c6948ep-5f);
  power = __fadd_rn(__fmul_rn(power, part), 0x1.ebfac0p-3f);
  power = __fadd_rn(__fmul_rn(power, part), -0x1.62e42cp-1f);
  power = __fadd_rn(__fmul_rn(power, part), 1.0f);
  return static_cast<u64>(static_cast<unsigned>(__fmul_rn(power, 0x1p24f))) << 16 >> whole;
}

// Number `index` of java.util.SplittableRandom(seed).nextDouble() (Steele, Lea and Flood, "Fast splittable pseudorandom
// number generators", OOPSLA 2014), whose state only counts.
__device__ __forceinline__ double uniform_number(u64 seed, int index) {
  u64 z = seed + (static_cast<u64>(index) + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

__device__ __forceinline__ void add_to_bin(ChooseScratch& scratch, unsigned bin, u64 weight) {
  const unsigned low = static_cast<unsigned>(weight);
  const unsigned before = atomicAdd(&scratch.low[bin], low);
  const unsigned high = static_cast<unsigned>(weight >> 32) + (before + low < low ? 1 : 0);
  if (high != 0) atomicAdd(&scratch.high[bin], high);
}

// A logit that is the last of those which, the largest first, reach a sum of weights.
struct Threshold {
  unsigned bits;  // ordered
  u64 wanted;     // the sum
  u64 above;      // the weights of larger logits
  u64 equal;      // the weights of logits that equal it
};

// Finds the threshold among logits of ordered bits lowest to highest, narrowing them down to one of kBins intervals
// again and again. The sum that is wanted is told by a function of all weights' sum; if it is more, all are taken.
template <typename Weight, typename Wanted>
__device__ __forceinline__ Threshold threshold(const Logits& logits, ChooseScratch& scratch, unsigned lowest,
                                               unsigned highest, Weight weight, Wanted wanted_of) {
  Threshold result = {lowest, 0, 0, 0};
  for (bool first = true;; first = false) {
    const int shift = max(32 - __clz(static_cast<int>(highest - lowest)) - kBinBits, 0);
    reinterpret_cast<uint4*>(scratch.low)[threadIdx.x] = make_uint4(0, 0, 0, 0);
    reinterpret_cast<uint4*>(scratch.high)[threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncthreads();
    logits.each([&](int, float logit) {
      const unsigned bits = ordered_bits(logit);
      if (bits >= lowest && bits <= highest) {
        const u64 own = weight(logit);
        if (own != 0) add_to_bin(scratch, (highest - bits) >> shift, own);
      }
    });
    __syncthreads();
    const uint4 low = reinterpret_cast<const uint4*>(scratch.low)[threadIdx.x];
    const uint4 high = reinterpret_cast<const uint4*>(scratch.high)[threadIdx.x];
    const u64 bins[kBinsPerThread] = {static_cast<u64>(high.x) << 32 | low.x, static_cast<u64>(high.y) << 32 | low.y,
                                      static_cast<u64>(high.z) << 32 | low.z, static_cast<u64>(high.w) << 32 | low.w};
    u64 total;
    u64 before = result.above + block_sum_before(bins[0] + bins[1] + bins[2] + bins[3], scratch.warps, total);
    if (first) {
      result.wanted = wanted_of(total);
      if (total < result.wanted) {
        result.equal = total;
        return result;
      }
    }
#pragma unroll
    for (int b = 0; b < kBinsPerThread; ++b) {
      // True for one bin of the block.
      if (before < result.wanted && result.wanted <= before + bins[b]) {
        scratch.bin = static_cast<int>(threadIdx.x) * kBinsPerThread + b;
        scratch.bin_before = before;
        scratch.bin_sum = bins[b];
      }
      before += bins[b];
    }
    __syncthreads();
    highest -= static_cast<unsigned>(scratch.bin) << shift;
    lowest = highest - min(highest - lowest, (1u << shift) - 1);
    result.above = scratch.bin_before;
    if (shift == 0) {
      result.bits = highest;
      result.equal = scratch.bin_sum;
      return result;
    }
  }
}

// Returns the first token up to which the weights, of which a token's depends on itself and its logit, sum to more than
// the target, which is told by a function of all weights' sum.
template <typename Weight, typename Target>
__device__ __forceinline__ int locate(const Logits& logits, ChooseScratch& scratch, Weight weight, Target target_of) {
  u64 own = 0;
  logits.each([&](int token, float logit) { own += weight(token, logit); });
  u64 total;
  const u64 before = block_sum_before(own, scratch.warps, total);
  const u64 target = target_of(total);
  u64 sum = __shfl_sync(kAllLanes, before, 0);
  if (target >= sum && target < __shfl_sync(kAllLanes, before + own, 31)) {
    // The warp whose span has the token adds up again, now in order.
    int begin, end;
    logits.span(begin, end);
    const int lane = static_cast<int>(threadIdx.x % 32);
    for (int first = begin; first < end && sum <= target; first += 32 * kVectorsInFlight) {
      Logits::Vector x[kVectorsInFlight];
      logits.load(first + lane, end, x);
#pragma unroll
      for (int j = 0; j < kVectorsInFlight; ++j) {
        const int token = (first + lane + 32 * j) * kVectorTokens;
        u64 vector = 0;
#pragma unroll
        for (int e = 0; e < kVectorTokens; ++e) vector += weight(token + e, x[j][e]);
        const u64 through = sum + warp_sum_through(vector);
        if (target < through && target >= through - vector) {
          u64 passed = through - vector;
          int more = -1;
#pragma unroll
          for (int e = 0; e < kVectorTokens; ++e) {
            if (passed <= target) {
              passed += weight(token + e, x[j][e]);
              more = e;
            }
          }
          scratch.token = token + more;
        }
        sum = __shfl_sync(kAllLanes, through, 31);
      }
    }
  }
  __syncthreads();
  return scratch.token;
}

// How many tokens of this block's sequence were generated. Asked anew where it is needed, as is the position: registers
// are too dear to keep them.
__device__ __forceinline__ int generated_tokens(const ChooseParams& p) {
  const int slot = p.slots[blockIdx.x];
  return p.positions[slot] + 1 - p.prompt_lengths[slot];
}

// Draws a token. The best logit is a finite number, and the lowest is that of all finite ones.
__device__ __forceinline__ int draw(const ChooseParams& p, const Logits& logits, ChooseScratch& scratch,
                                    unsigned highest, unsigned lowest) {
  const float best = ordered_value(highest);
  const auto mass = [&](float logit) { return weight_of(logit, best, p.scale); };
  if (p.top_k > 0 && p.top_k < p.vocabulary) {
    const auto one = [](float) { return static_cast<u64>(1); };
    const auto wanted = [&](u64) { return static_cast<u64>(p.top_k); };
    lowest = threshold(logits, scratch, lowest, highest, one, wanted).bits;
  }
  // Of the tokens that have the lowest logit, those up to this one stay in.
  int last = p.vocabulary;
  if (p.top_p < 1) {
    // From here downwards weights are 0.
    const unsigned weightless = ordered_bits(best - 40.01f / p.scale);
    const auto wanted = [&](u64 total) {
      const u64 sum = static_cast<u64>(ceil(__dmul_rn(p.top_p, static_cast<double>(total))));
      return max(static_cast<u64>(1), min(sum, total));
    };
    const Threshold reached = threshold(logits, scratch, max(lowest, weightless), highest, mass, wanted);
    lowest = reached.bits;
    const u64 each = mass(ordered_value(lowest));
    const u64 needed = (reached.wanted - reached.above + each - 1) / each;
    if (needed * each < reached.equal) {
      const auto equals = [&](int, float logit) { return static_cast<u64>(ordered_bits(logit) == lowest ? 1 : 0); };
      last = locate(logits, scratch, equals, [&](u64) { return needed - 1; });
    }
  }
  const auto kept = [&](int token, float logit) {
    const unsigned bits = ordered_bits(logit);
    return bits > lowest || (bits == lowest && token <= last) ? mass(logit) : 0;
  };
  return locate(logits, scratch, kept, [&](u64 total) {
    const double target = __dmul_rn(uniform_number(p.seed, generated_tokens(p)), static_cast<double>(total));
    return min(static_cast<u64>(target), total - 1);
  });
}

// Sets a bit for each token of a sequence.
__device__ __forceinline__ void note_seen(const int* history, int count, int vocabulary, unsigned* seen) {
  for (int i = threadIdx.x; i < (vocabulary + 31) / 32; i += kChooseThreads) seen[i] = 0;
  __syncthreads();
  for (int i = threadIdx.x; i < count; i += kChooseThreads) {
    const unsigned token = static_cast<unsigned>(history[i]);
    if (token < static_cast<unsigned>(vocabulary)) atomicOr(&seen[token / 32], 1u << token % 32);
  }
  __syncthreads();
}

// Returns the token of this block's column, or kNoToken. A bit for each token of the vocabulary is needed where
// repetition is penalised.
__device__ __forceinline__ unsigned choose(const ChooseParams& p, unsigned* seen) {
  __shared__ ChooseScratch scratch;
  const bool suppresses = p.end_of_text >= 0 && generated_tokens(p) < p.min_tokens;
  const bool penalises = p.penalty != 1.0f;
  const bool greedy = p.scale == 0.0f;
  const bool ready = greedy && p.best != nullptr && !suppresses && !penalises;

  const float* row = p.logits + blockIdx.x * p.pitch;
  const bool aligned = reinterpret_cast<unsigned long long>(row) % 16 == 0 && p.pitch % kVectorTokens == 0;
  const Logits logits = {row,       p.vocabulary, aligned, penalises ? seen : nullptr,
                         p.penalty, suppresses ? p.end_of_text : -1};
  u64 best = 0;
  unsigned lowest = kOrderedInfinity;
  if (ready) {
    for (int i = threadIdx.x; i < p.best_count; i += kChooseThreads) {
      best = max(best, p.best[static_cast<long long>(i) * p.columns + blockIdx.x]);
    }
  } else {
    if (penalises) {
      const int slot = p.slots[blockIdx.x];
      note_seen(p.history + static_cast<long long>(slot) * p.history_pitch,
                min(p.positions[slot] + 1, p.history_pitch), p.vocabulary, seen);
    }
    unsigned bits = 0;
    int token = 0;
    logits.each([&](int at, float logit) {
      const unsigned own = ordered_bits(logit);
      // Tokens come in ascending order: of equals the first stays.
      if (own > bits) {
        bits = own;
        token = at;
      }
      if (own > kOrderedMinusInfinity) lowest = min(lowest, own);
    });
    best = pack_candidate(bits, token);
  }
  best = block_largest(best, scratch.warps);
  const unsigned likeliest = likeliest_token(best);
  if (greedy || likeliest == kNoToken) return likeliest;
  lowest = ~static_cast<unsigned>(block_largest(~lowest, scratch.warps));
  return static_cast<unsigned>(draw(p, logits, scratch, candidate_bits(best), lowest));
}

__device__ __forceinline__ void choose_column(const ChooseParams& p, unsigned* seen) {
  const unsigned token = choose(p, seen);
  // No thread reads the position any more: each did so before a barrier.
  if (threadIdx.x == 0) {
    append_token(p.history, p.history_pitch, p.positions, p.slots[blockIdx.x], token, p.tokens, p.step);
  }
}
