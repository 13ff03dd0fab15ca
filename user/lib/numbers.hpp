// The two columns of numbers.def. Each is defined in a file that sees only one side's headers.
#pragma once

namespace faultline {

#define ERROR(name) +1
#define FLAG(name)
inline constexpr int ERROR_COUNT = 0
#include "numbers.def"
    ;
#undef ERROR
#undef FLAG
#define ERROR(name)
#define FLAG(name) +1
inline constexpr int FLAG_COUNT = 0
#include "numbers.def"
    ;
#undef ERROR
#undef FLAG

extern const int linux_errors[ERROR_COUNT], newlib_errors[ERROR_COUNT];
extern const int linux_flags[FLAG_COUNT], newlib_flags[FLAG_COUNT];

} // namespace faultline
