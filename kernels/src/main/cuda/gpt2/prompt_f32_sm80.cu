// Prompts of a GPT-2 with f32 weights.
#include "gpt2/prompt.cuh"

PROMPT_KERNELS(f32)
