// Descriptors in words: what the back ends' describe_descriptor() are made of.
#pragma once

#include <cstddef>
#include <span>

#include "base/types.hpp"

namespace faultline::backend {

// Text cut to a buffer that always ends with NUL.
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

// `pxn`: of the first-level descriptor above it.
void describe_small_page(Words& words, u32 descriptor, bool pxn);

} // namespace faultline::backend
