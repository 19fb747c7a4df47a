#include "elementwise/integers.cuh"

OKTO_UNARY(unary_i8, i8, 1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_i8_vector, i8, kVector1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_u8, u8, 1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_u8_vector, u8, kVector1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_i32, i32, 1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_i32_vector, i32, kVector4, kGroups, IntegerFunctions)
OKTO_UNARY(unary_i64, i64, 1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_i64_vector, i64, kVector8, kGroups, IntegerFunctions)
OKTO_UNARY(unary_bool, boolean, 1, kGroups, IntegerFunctions)
OKTO_UNARY(unary_bool_vector, boolean, kVector1, kGroups, IntegerFunctions)
