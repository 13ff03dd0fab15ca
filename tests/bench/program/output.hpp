// Lines on the console, and the end of the machine.
#pragma once

#include <ulib/system_call.hpp>

namespace faultline::bench {

using u64 = unsigned long long;
using s64 = long long;

// Text in a fixed buffer. What does not fit is cut off.
class Text {
  public:
    Text(char* buffer, unsigned size) : at_(buffer), end_(buffer + size - 1) { *at_ = 0; }
    void add(const char* string) {
        while (*string && at_ < end_)
            *at_++ = *string++;
        *at_ = 0;
    }
    void add(u64 number);
    void add_tenths(s64 tenths);

  private:
    char* at_;
    char* const end_;
};

// Writes to standard output, which is the console.
void say(const char* line);

// Ends the machine.
[[noreturn]] void power_off();

// Ends it with a sentence, unless `good`.
void require(bool good, const char* what, long result = 0);

} // namespace faultline::bench
