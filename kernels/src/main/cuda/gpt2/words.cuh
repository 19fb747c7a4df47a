// Results that blocks of a grid hand each other without a barrier: words of 32 bits, each of which says for itself
// whether it is there. A word that is not has a pattern that arithmetic never yields. Whoever wants words asks for them
// until they are there: no flag that would have to come after them, and nothing to fetch after a flag.
//
// A place takes turns among kTurns buffers, a turn a layer. In each stage of a layer a block clears its places of the
// next turn, fences, and only then hands on its results of this turn. A block begins a stage after a norm, for which it
// had the products of all blocks of the layer before: by then all have read what is cleared, which is two layers old,
// and have seen a result that was handed on after the places of this turn were cleared. That they do not read older
// words all the same needs no fence of the readers: they ask for a layer's words only when those of the layer before
// have come, and every read goes to the second cache, where the cleared words are.
#pragma once

#include "gpt2/parameters.cuh"

constexpr unsigned kAbsent = 0xffffffffu;

// A number as a word. Arithmetic yields no NaN of this pattern, but tables might have it.
__device__ __forceinline__ unsigned word_of(float x) {
  const unsigned bits = __float_as_uint(x);
  return bits == kAbsent ? 0x7fffffffu : bits;
}

__device__ __forceinline__ void put_word(unsigned* at, unsigned word) {
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(at), "r"(word) : "memory");
}

// What this thread did before comes before what it does after, for all blocks.
__device__ __forceinline__ void fence() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }

__device__ __forceinline__ void ask(uint4& words, const unsigned* at) {
  asm volatile("ld.relaxed.gpu.global.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w)
               : "l"(at)
               : "memory");
}

__device__ __forceinline__ void ask(uint2& words, const unsigned* at) {
  asm volatile("ld.relaxed.gpu.global.v2.u32 {%0, %1}, [%2];" : "=r"(words.x), "=r"(words.y) : "l"(at) : "memory");
}

__device__ __forceinline__ bool is_absent(const uint2& words) { return max(words.x, words.y) == kAbsent; }

__device__ __forceinline__ bool is_absent(const uint4& words) {
  return max(max(words.x, words.y), max(words.z, words.w)) == kAbsent;
}

__device__ __forceinline__ void make_absent(uint2& words) { words = make_uint2(kAbsent, kAbsent); }

__device__ __forceinline__ void make_absent(uint4& words) { words = make_uint4(kAbsent, kAbsent, kAbsent, kAbsent); }

// Asks for the first `count` of some words, or vectors of them, of which address(i) says where the i-th is.
template <int COUNT, typename Words, typename Address>
__device__ __forceinline__ void ask_words(Words (&words)[COUNT], int count, Address address) {
#pragma unroll
  for (int i = 0; i < COUNT; ++i) {
    make_absent(words[i]);
    if (i < count) ask(words[i], address(i));
  }
}

// Asks for words again until all are there. All lanes of a warp call it, and go on together: what some would do before
// the others, those would do once more.
template <int COUNT, typename Words, typename Address>
__device__ __forceinline__ void await_words(Words (&words)[COUNT], int count, Address address) {
  bool missing = false;
#pragma unroll
  for (int i = 0; i < COUNT; ++i) missing |= i < count && is_absent(words[i]);
#pragma unroll 1
  while (__any_sync(0xffffffffu, missing)) {
#pragma unroll
    for (int i = 0; i < COUNT; ++i) {
      if (i < count && is_absent(words[i])) ask(words[i], address(i));
    }
    missing = false;
#pragma unroll
    for (int i = 0; i < COUNT; ++i) missing |= i < count && is_absent(words[i]);
  }
}

// Both.
template <int COUNT, typename Words, typename Address>
__device__ __forceinline__ void receive_words(Words (&words)[COUNT], int count, Address address) {
  ask_words(words, count, address);
  await_words(words, count, address);
}

__device__ __forceinline__ float4 floats_of(const uint4& words) {
  return make_float4(__uint_as_float(words.x), __uint_as_float(words.y), __uint_as_float(words.z),
                     __uint_as_float(words.w));
}
