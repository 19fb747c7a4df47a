// One step of a GPT-2 with f32 weights for one column. A name ends with the number of a ring's slots.
#include "gpt2/single.cuh"

SINGLE_KERNEL(f32, 8)
