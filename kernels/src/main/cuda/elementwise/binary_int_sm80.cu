#include "elementwise/integers.cuh"

OKTO_BINARY(i8, i8, i8, 1, kGroups, IntegerFunctions)
OKTO_BINARY(i8_vector, i8, i8, kVector1, kVectorGroups1, IntegerFunctions)
OKTO_BINARY(u8, u8, u8, 1, kGroups, IntegerFunctions)
OKTO_BINARY(u8_vector, u8, u8, kVector1, kVectorGroups1, IntegerFunctions)
OKTO_BINARY(i32, i32, i32, 1, kGroups, IntegerFunctions)
OKTO_BINARY(i32_vector, i32, i32, kVector4, kVectorGroups4, IntegerFunctions)
OKTO_BINARY(i64, i64, i64, 1, kGroups, IntegerFunctions)
OKTO_BINARY(i64_vector, i64, i64, kVector8, kVectorGroups8, IntegerFunctions)
OKTO_BINARY(bool, boolean, boolean, 1, kGroups, IntegerFunctions)
OKTO_BINARY(bool_vector, boolean, boolean, kVector1, kVectorGroups1, IntegerFunctions)
