// Cumulative sums and products, for all element types. Truth values are read as unsigned bytes.
#include "scan/scan.cuh"

OKTO_SCAN_KERNELS(f32)
OKTO_SCAN_KERNELS(f64)
OKTO_SCAN_KERNELS(f16)
OKTO_SCAN_KERNELS(bf16)
OKTO_SCAN_KERNELS(i8)
OKTO_SCAN_KERNELS(u8)
OKTO_SCAN_KERNELS(i32)
OKTO_SCAN_KERNELS(i64)
