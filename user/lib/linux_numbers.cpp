// Linux's column of numbers.def, and the names of errors for messages.
#include <asm/fcntl.h>

#include <ulib/print.hpp>
#include <ulib/system_call.hpp>

#include "numbers.hpp"

namespace faultline {

#define ERROR(name) name,
#define FLAG(name)
const int linux_errors[ERROR_COUNT] = {
#include "numbers.def"
};
#undef ERROR
#undef FLAG
#define ERROR(name)
#define FLAG(name) name,
const int linux_flags[FLAG_COUNT] = {
#include "numbers.def"
};
#undef ERROR
#undef FLAG
#define ERROR(name) #name,
#define FLAG(name)
static const char* const error_names[ERROR_COUNT] = {
#include "numbers.def"
};

const char* errno_name(long result) {
    for (int i = 0; i < ERROR_COUNT; ++i)
        if (linux_errors[i] == (result < 0 ? -result : result))
            return error_names[i];
    return result == 0 ? "success" : "an unlisted error";
}

} // namespace faultline
