// How the weights of a step of one column come to a block's warps: by a warp that does nothing else, and the bulk copy
// engine. A warp that multiplies finds them in a ring of its own, and only says what it has taken.
#pragma once

#include "gpt2/stream.cuh"

// Barriers of the rings' slots.
template <int SLOTS>
struct RingBarriers {
  unsigned long long full[kBlockWarps][SLOTS];   // the slot has come
  unsigned long long empty[kBlockWarps][SLOTS];  // the slot was taken

  __device__ __forceinline__ void prepare() {
    if (threadIdx.x >= kBlockWarps * SLOTS) return;
    make_barrier(shared_address(&full[0][threadIdx.x]), 1);
    make_barrier(shared_address(&empty[0][threadIdx.x]), 1);
  }
};

// A warp's weights as it takes them.
template <int SLOTS>
class SentWeights {
 public:
  __device__ SentWeights(const char* ring, const RingBarriers<SLOTS>& barriers)
      : ring_(ring),
        full_(shared_address(barriers.full[threadIdx.x / 32])),
        taken_(0) {}

  // Waits for the next slot.
  __device__ __forceinline__ void await() const { await_phase(full_ + taken_ % SLOTS * 8, taken_ / SLOTS % 2); }

  // This lane's part of a tile of the slot.
  __device__ __forceinline__ uint4 tile(int i) const { return ring_.tile(taken_, i); }

  // Gives up the slot.
  __device__ __forceinline__ void take() {
    __syncwarp();
    if (threadIdx.x % 32 == 0) arrive_at(full_ + (kBlockWarps * SLOTS + taken_ % SLOTS) * 8);
    ++taken_;
  }

  // Another warp sends for what comes next.
  __device__ __forceinline__ void refill() const {}

 private:
  LaneRing<SLOTS> ring_;
  unsigned full_;  // the empty ones follow those of all warps
  unsigned taken_;
};

// Sends for all weights of a block as slots are given up, a lane for each warp that multiplies.
template <int SLOTS>
__device__ __forceinline__ void send_weights(const Step& step, const char* ring, const RingBarriers<SLOTS>& barriers,
                                             const Layer* layers, const Plan& plan) {
  const int warp = min(static_cast<int>(threadIdx.x % 32), kBlockWarps - 1);
  const unsigned tiles = shared_address(ring) + warp * SLOTS * (kSlotTiles * kRingTileBytes);
  const unsigned full = shared_address(barriers.full[warp]);
  const unsigned empty = shared_address(barriers.empty[warp]);
  WeightPath path(step, layers, plan, warp);
  unsigned sent = 0;
  bool more = threadIdx.x % 32 < kBlockWarps && path.next();
  while (__any_sync(0xffffffffu, more)) {
    const unsigned slot = sent % SLOTS;
    if (more && (sent < SLOTS || has_passed(empty + slot * 8, (sent / SLOTS + 1) % 2))) {
      const int count = min(path.left(), kSlotTiles);
      expect_bytes(full + slot * 8, count * kRingTileBytes);
      copy_bulk(tiles + slot * (kSlotTiles * kRingTileBytes), path.from(), count * kRingTileBytes, full + slot * 8);
      ++sent;
      path.skip(count);
      more = path.next();
    }
    __syncwarp();
  }
}
