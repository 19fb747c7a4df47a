// Attention of many queries in float32.

#include "attention/prompt32.cuh"

// Shared memory by width and by queries of a block.
constexpr int kSharedD64Q16 = 43520;
constexpr int kSharedD64Q64 = 69632;
constexpr int kSharedD128Q16 = 44544;
constexpr int kSharedD128Q64 = 76800;
constexpr int kSharedD256Q16 = 51200;
constexpr int kSharedD256Q32 = 69120;

extern __shared__ __align__(128) float shared32[];

#define PROMPT(width, rows, per_thread, keys)                                                                         \
  extern "C" __global__ void __launch_bounds__(kPrompt32Threads)                                                      \
      attention_f32_d##width##_q##rows(const __grid_constant__ AttentionParams p) {                                   \
    using Kernel = Prompt32<width, per_thread, keys>;                                                                 \
    static_assert(Kernel::kRows == rows && Kernel::kSharedBytes == kSharedD##width##Q##rows, "as the names say");     \
    Kernel::run(p, shared32);                                                                                         \
  }

PROMPT(64, 16, 2, 64)
PROMPT(64, 64, 8, 64)
PROMPT(128, 16, 2, 32)
PROMPT(128, 64, 8, 32)
PROMPT(256, 16, 2, 16)
PROMPT(256, 32, 4, 16)
