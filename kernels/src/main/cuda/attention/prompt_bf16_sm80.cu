// Attention of many queries in bfloat16.

#include "attention/prompt16.cuh"

PROMPTS16(bf16)
