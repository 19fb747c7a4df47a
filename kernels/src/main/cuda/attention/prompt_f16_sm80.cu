// Attention of many queries in float16.

#include "attention/prompt16.cuh"

PROMPTS16(f16)
