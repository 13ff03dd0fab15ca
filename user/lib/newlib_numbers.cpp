// newlib's column of numbers.def. This file includes no kernel header.
#include <errno.h>
#include <fcntl.h>

#include "numbers.hpp"

namespace faultline {

#define ERROR(name) name,
#define FLAG(name)
const int newlib_errors[ERROR_COUNT] = {
#include "numbers.def"
};
#undef ERROR
#undef FLAG
#define ERROR(name)
#define FLAG(name) name,
const int newlib_flags[FLAG_COUNT] = {
#include "numbers.def"
};

} // namespace faultline
