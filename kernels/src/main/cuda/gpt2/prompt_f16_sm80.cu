// Prompts of a GPT-2 with f16 weights.
#include "gpt2/prompt.cuh"

PROMPT_KERNELS(f16)
