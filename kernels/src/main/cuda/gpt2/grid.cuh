// A barrier among all blocks of a grid that are on the device at once, as a cooperative launch promises. Between
// arriving and waiting a block may do what needs nothing of the others.
#pragma once

#include "gpt2/block.cuh"

struct GridBarrier {
  unsigned arrived;
  unsigned left;
};

class Grid {
 public:
  __device__ explicit Grid(GridBarrier* barrier) : barrier_(barrier), awaited_(0) {}

  // Makes what this block has written visible to whoever waits.
  __device__ void arrive() {
    sync_warps();
    awaited_ += gridDim.x;
    if (threadIdx.x == 0) asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(&barrier_->arrived) : "memory");
  }

  // The last thread looks, as what threads read meanwhile is for the first ones rather.
  __device__ void wait() {
    if (threadIdx.x == kBlockThreads - 1) {
      unsigned seen;
      do {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(&barrier_->arrived) : "memory");
      } while (seen < awaited_);
    }
    sync_warps();
  }

  // Leaves the barrier as the next launch wants it.
  __device__ void leave() {
    sync_warps();
    if (threadIdx.x == 0 && atomicAdd(&barrier_->left, 1u) == gridDim.x - 1) {
      barrier_->arrived = 0;
      barrier_->left = 0;
    }
  }

 private:
  GridBarrier* barrier_;
  unsigned awaited_;
};
