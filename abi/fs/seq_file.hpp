// The buffer for the text of a /proc file. If the text does not fit, the caller makes it again in a larger buffer
// (Linux: seq_file).
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace faultline {

class SeqFile {
  public:
    SeqFile(char* buffer, u32 size) : buffer_(buffer), size_(size) {}

    // Append text. A piece that does not fit is dropped as a whole, and overflowed() becomes true.
    void printf(const char* format, ...) __attribute__((format(printf, 2, 3)));
    void text(std::string_view text);
    void pad_to(u32 column); // appends blanks up to `column` of the current line, at least one

    // Removes everything after the first `used` bytes, and clears overflowed().
    void cut(u32 used) {
        used_ = used;
        overflowed_ = false;
    }

    bool overflowed() const { return overflowed_; } // a piece did not fit
    u32 used() const { return used_; }

  private:
    char* buffer_;
    u32 size_;
    u32 used_ = 0;
    u32 line_start_ = 0;
    bool overflowed_ = false;
};

} // namespace faultline
