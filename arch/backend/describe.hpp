// Descriptors in words: the parts that the back ends' describe_descriptor() consists of.
#pragma once

#include <cstddef>
#include <span>

#include "base/types.hpp"

namespace faultline::backend {

// Builds text in a buffer. The text is cut to the buffer's size and always ends with NUL.
class Words {
  public:
    Words(char* buffer, std::size_t size) : rest_(buffer, size) {
        if (!rest_.empty())
            rest_[0] = '\0';
    }
    void add(const char* text);
    void add_if(bool condition, const char* text);
    void add_hex(u32 value);

  private:
    std::span<char> rest_;
};

// Adds a description of a small page. `pxn` is the PXN bit of the first-level descriptor above it.
void describe_small_page(Words& words, u32 descriptor, bool pxn);

} // namespace faultline::backend
