// What all attention kernels take, and where things lie.
#pragma once

#include "common/types.cuh"

// Strides count elements: batch, head, position, number.
struct Place {
  long long batch;
  long long head;
  long long row;
  long long column;
  int vectors;  // rows of whole 16-byte words: no gaps between numbers, a width and strides that keep them aligned
  int unused;
};

struct AttentionParams {
  void* out;
  const void* query;
  const void* keys;
  const void* values;
  const i64* mask;  // null if every key counts; else 0 hides one
  Place out_place;
  Place query_place;
  Place key_place;
  Place value_place;
  long long mask_batch;
  long long mask_key;
  float scale;  // of scores, times the binary logarithm of e; kernels with `negate` take its size alone
  int negate;   // whether the scale's sign is to be turned
  int heads;
  int all_heads;  // of the whole batch
  int queries;
  int key_count;
  int width;
  int shift;  // query t sees the keys 0 .. min(key_count - 1, t + shift)
  int tiles;  // of queries, for each head
  int chunk;  // split: keys of a block
  int chunks;
  int lane_bits;  // split: the logarithm of how many lanes share a key
  float* sums;     // split: for each query and chunk the weighted sum of values, its width long
  float* weights;  // split: likewise maximum and sum of weights
};

// A hidden key's score: below any other, so that one that is seen outweighs it completely, and yet a number: where all
// keys are hidden, they count alike. Being a power of two, it times a scale rounds nothing away.
constexpr float kHidden = -0x1p100f;

constexpr float kNothing = -__builtin_huge_valf();

// A head's part of a tensor.
template <typename T>
__device__ __forceinline__ T* head_of(T* tensor, const Place& place, int batch, int head) {
  return tensor + batch * place.batch + head * place.head;
}

// The last key that a query sees.
__device__ __forceinline__ int last_key(const AttentionParams& p, int query) {
  return min(p.key_count - 1, query + p.shift);
}

// Which of up to 64 neighbouring keys the mask leaves: a bit each, the same in all lanes of a warp. Numbers are asked
// for one tile before they are needed.
class KeyBits {
 public:
  __device__ __forceinline__ KeyBits(const AttentionParams& p, int batch)
      : mask_(p.mask == nullptr ? nullptr : p.mask + batch * p.mask_batch), stride_(p.mask_key), count_(p.key_count) {}

  __device__ __forceinline__ bool present() const { return mask_ != nullptr; }

  // Asks for the keys first .. first + N - 1; those after the last count as seen.
  template <int N>
  __device__ __forceinline__ void ask(int first) {
    if (mask_ == nullptr) return;
    const int key = first + static_cast<int>(threadIdx.x % 32);
    low_ = key < count_ && threadIdx.x % 32 < N ? mask_[key * stride_] : 1;
    if (N > 32) high_ = key + 32 < count_ ? mask_[(key + 32) * stride_] : 1;
  }

  __device__ __forceinline__ unsigned long long take() const {
    const unsigned low = __ballot_sync(0xffffffffu, low_ != 0);
    const unsigned high = __ballot_sync(0xffffffffu, high_ != 0);
    return static_cast<unsigned long long>(high) << 32 | low;
  }

 private:
  const i64* mask_;
  long long stride_;
  int count_;
  i64 low_ = 1;
  i64 high_ = 1;
};
