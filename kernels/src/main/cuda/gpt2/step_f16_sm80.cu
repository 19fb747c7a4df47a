// One step of a GPT-2 with f16 weights. A name ends with the number of groups of eight columns, and of a ring's slots.
#include "gpt2/step.cuh"

STEP_KERNEL(f16, 1, 8)
STEP_KERNEL(f16, 2, 8)
STEP_KERNEL(f16, 4, 4)
