// Attention of many queries in bfloat16.

#include "attention/prompt16.cuh"

extern __shared__ __align__(128) unsigned char shared[];

#define PROMPT(width, rows, parts, warps)                                                                             \
  extern "C" __global__ void __launch_bounds__(warps * 32)                                                            \
      attention_bf16_d##width##_q##rows(const __grid_constant__ AttentionParams p) {                                  \
    using Kernel = Prompt16<bf16, width, parts, warps>;                                                               \
    static_assert(Kernel::kRows == rows && Kernel::kSharedBytes == kSharedD##width##Q##rows, "as the names say");     \
    Kernel::run(p, shared);                                                                                           \
  }

PROMPT(32, 32, 1, 2)
PROMPT(32, 64, 1, 4)
PROMPT(64, 32, 1, 2)
PROMPT(64, 64, 1, 4)
PROMPT(64, 128, 2, 4)
PROMPT(128, 32, 1, 2)
PROMPT(128, 64, 1, 4)
PROMPT(128, 128, 1, 8)
PROMPT(256, 32, 1, 2)
PROMPT(256, 64, 1, 4)
