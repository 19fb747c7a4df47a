// A token that may be the likeliest, as one integer: of two candidates the larger integer is the likelier token, or the
// lower token of two that are equally likely, so that the largest of any number of candidates is the token to take.
#pragma once

// Bits of a float as an unsigned integer of the same order. Zeros of both signs are equal; NaN is the largest.
__device__ __forceinline__ unsigned ordered_bits(float x) {
  if (x != x) return 0xffffffffu;
  const int bits = __float_as_int(x + 0.0f);
  return static_cast<unsigned>(bits) ^ (static_cast<unsigned>(bits >> 31) | 0x80000000u);
}

// The float of such bits.
__device__ __forceinline__ float ordered_value(unsigned bits) {
  return __uint_as_float((bits & 0x80000000u) != 0 ? bits ^ 0x80000000u : ~bits);
}

constexpr unsigned kOrderedInfinity = 0xff800000u;
constexpr unsigned kOrderedMinusInfinity = 0x007fffffu;

__device__ __forceinline__ unsigned long long pack_candidate(unsigned ordered, int token) {
  return static_cast<unsigned long long>(ordered) << 32 | ~static_cast<unsigned>(token);
}
__device__ __forceinline__ unsigned long long pack_candidate(float logit, int token) {
  return pack_candidate(ordered_bits(logit), token);
}
__device__ __forceinline__ unsigned candidate_bits(unsigned long long candidate) {
  return static_cast<unsigned>(candidate >> 32);
}
__device__ __forceinline__ unsigned candidate_token(unsigned long long candidate) {
  return ~static_cast<unsigned>(candidate);
}

// What stands for a token where logits are not numbers.
constexpr unsigned kNoToken = 0xffffffffu;

// The likeliest token, if its logit is a finite number.
__device__ __forceinline__ unsigned likeliest_token(unsigned long long best) {
  const unsigned bits = candidate_bits(best);
  return bits >= kOrderedInfinity || bits <= kOrderedMinusInfinity ? kNoToken : candidate_token(best);
}

// Appends a token to a sequence, and tells the host of it.
__device__ __forceinline__ void append_token(int* history, int history_pitch, int* newest, int slot, unsigned token,
                                             volatile unsigned long long* tokens, unsigned step) {
  const int next = newest[slot] + 1;
  if (next < history_pitch) {
    // The next step looks the token up in a table, and must find something there.
    history[static_cast<long long>(slot) * history_pitch + next] = token == kNoToken ? 0 : static_cast<int>(token);
  }
  newest[slot] = next;
  tokens[slot] = static_cast<unsigned long long>(step) << 32 | token;
  __threadfence_system();
}
