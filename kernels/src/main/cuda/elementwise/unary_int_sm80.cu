#include "elementwise/integers.cuh"

OKTO_UNARY(i8, i8, 1, kGroups, IntegerFunctions)
OKTO_UNARY(i8_vector, i8, kVector1, kVectorGroups1, IntegerFunctions)
OKTO_UNARY(u8, u8, 1, kGroups, IntegerFunctions)
OKTO_UNARY(u8_vector, u8, kVector1, kVectorGroups1, IntegerFunctions)
OKTO_UNARY(i32, i32, 1, kGroups, IntegerFunctions)
OKTO_UNARY(i32_vector, i32, kVector4, kVectorGroups4, IntegerFunctions)
OKTO_UNARY(i64, i64, 1, kGroups, IntegerFunctions)
OKTO_UNARY(i64_vector, i64, kVector8, kVectorGroups8, IntegerFunctions)
OKTO_UNARY(bool, boolean, 1, kGroups, IntegerFunctions)
OKTO_UNARY(bool_vector, boolean, kVector1, kVectorGroups1, IntegerFunctions)
