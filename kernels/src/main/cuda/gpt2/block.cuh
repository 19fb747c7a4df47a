// The threads of a block.
#pragma once

constexpr int kBlockThreads = 256;
constexpr int kBlockWarps = 8;

// A barrier among the block's threads, without those that it may have besides.
__device__ __forceinline__ void sync_warps() { asm volatile("bar.sync 1, %0;" ::"n"(kBlockThreads) : "memory"); }
