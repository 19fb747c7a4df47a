// One step of a GPT-2 with bf16 weights. A name ends with the number of groups of eight columns, and of a ring's slots.
#include "gpt2/step.cuh"

STEP_KERNEL(bf16, 1, 8)
STEP_KERNEL(bf16, 2, 8)
STEP_KERNEL(bf16, 4, 4)
