// Text of a /proc file while it is made: grows by being made again in a larger buffer (Linux: seq_file).
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace faultline {

class SeqFile {
  public:
    SeqFile(char* buffer, u32 size) : buffer_(buffer), size_(size) {}

    void printf(const char* format, ...) __attribute__((format(printf, 2, 3)));
    void text(std::string_view text);
    void pad_to(u32 column); // blanks up to `column` of the current line, at least one

    void cut(u32 used) { // takes back what came after, and that it did not fit
        used_ = used;
        overflowed_ = false;
    }

    bool overflowed() const { return overflowed_; } // something did not fit
    u32 used() const { return used_; }

  private:
    char* buffer_;
    u32 size_;
    u32 used_ = 0;
    u32 line_start_ = 0;
    bool overflowed_ = false;
};

} // namespace faultline
