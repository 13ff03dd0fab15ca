// A set of numbers below a limit, a bit each. (Linux: include/linux/bitmap.h.)
#pragma once

#include <algorithm>
#include <array>
#include <bit>

#include "base/types.hpp"

namespace faultline {

template <u32 LIMIT>
class Bitmap {
  public:
    void set(u32 number) { words_[number / 32] |= 1u << number % 32; }
    void clear(u32 number) { words_[number / 32] &= ~(1u << number % 32); }

    // The lowest number of the set in [from, end), or `end`. (Linux: the same name.)
    u32 find_next_bit(u32 from, u32 end) const {
        for (; from < end; from = (from | 31) + 1)
            if (const u32 rest = words_[from / 32] >> from % 32; rest != 0)
                return std::min(from + static_cast<u32>(std::countr_zero(rest)), end);
        return end;
    }

  private:
    std::array<u32, (LIMIT + 31) / 32> words_{};
};

} // namespace faultline
