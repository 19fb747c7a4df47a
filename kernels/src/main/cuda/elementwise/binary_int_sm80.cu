#include "elementwise/integers.cuh"

OKTO_BINARY(binary_i8, i8, i8, 1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_i8_vector, i8, i8, kVector1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_u8, u8, u8, 1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_u8_vector, u8, u8, kVector1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_i32, i32, i32, 1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_i32_vector, i32, i32, kVector4, kGroups, IntegerFunctions)
OKTO_BINARY(binary_i64, i64, i64, 1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_i64_vector, i64, i64, kVector8, kGroups, IntegerFunctions)
OKTO_BINARY(binary_bool, boolean, boolean, 1, kGroups, IntegerFunctions)
OKTO_BINARY(binary_bool_vector, boolean, boolean, kVector1, kGroups, IntegerFunctions)
