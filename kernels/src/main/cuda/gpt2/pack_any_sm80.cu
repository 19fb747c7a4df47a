// Packing a GPT-2's matrices. A name ends with the type of the packed elements.
#include "gpt2/pack.cuh"

PACK_KERNEL(f16)
PACK_KERNEL(bf16)
PACK_KERNEL(f32)
