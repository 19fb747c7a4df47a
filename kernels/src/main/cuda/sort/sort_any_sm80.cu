// Sorting and top-k: elements of up to 32 bits (n32) and of 64 (n64).
#include "sort/sort.cuh"

extern "C" __global__ void __launch_bounds__(kSortThreads, 2) sort_tiles_n32(const __grid_constant__ SortParams p) {
  sort_tiles<Narrow64>(p);
}
extern "C" __global__ void __launch_bounds__(kSortThreads, 2) sort_tiles_n64(const __grid_constant__ SortParams p) {
  sort_tiles<Wide128>(p);
}
extern "C" __global__ void __launch_bounds__(kSortThreads, 2) sort_merge_n32(const __grid_constant__ SortParams p) {
  merge_runs<Narrow64>(p);
}
extern "C" __global__ void __launch_bounds__(kSortThreads, 2) sort_merge_n64(const __grid_constant__ SortParams p) {
  merge_runs<Wide128>(p);
}
