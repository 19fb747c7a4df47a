#include "gpt2/choose.cuh"

extern __shared__ unsigned choose_seen[];

extern "C" __global__ void __launch_bounds__(kChooseThreads) choose_tokens(const __grid_constant__ ChooseParams p) {
  choose_column(p, choose_seen);
}
