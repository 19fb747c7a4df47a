// Prompts of a GPT-2 with bf16 weights.
#include "gpt2/prompt.cuh"

PROMPT_KERNELS(bf16)
