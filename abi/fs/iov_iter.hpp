// The memory of a program that one transfer fills or empties: one buffer, or those of readv(2) and writev(2), which
// count as one (Linux: struct iov_iter).
#pragma once

#include <algorithm>
#include <span>

#include "arch/contract/uaccess.hpp"

namespace faultline {

struct IoVector { // struct iovec
    UserAddr base;
    u32 bytes = 0;
};

// Each function takes the next bytes, up to the number asked for or the end, and returns how many it could copy; fewer
// if user memory is bad. It then stands behind what it copied.
class IovIter {
  public:
    // `parts` must outlive it. Together they have at least `bytes` bytes, and at most these are used.
    IovIter(std::span<const IoVector> parts, u32 bytes) : parts_(parts), left_(bytes) {}

    u32 left() const { return left_; }

    u32 copy_to_user(const void* from, u32 bytes) {
        return each(bytes, [&](UserAddr to, u32 done, u32 part) {
            return faultline::copy_to_user(to, static_cast<const u8*>(from) + done, part);
        });
    }
    u32 copy_from_user(void* to, u32 bytes) {
        return each(bytes, [&](UserAddr from, u32 done, u32 part) {
            return faultline::copy_from_user(static_cast<u8*>(to) + done, from, part);
        });
    }
    u32 clear_user(u32 bytes) {
        return each(bytes, [](UserAddr to, u32, u32 part) { return faultline::clear_user(to, part); });
    }

  private:
    // Calls copy(address, bytes done so far, n) for each piece; it returns how many bytes are missing.
    template <class Copy>
    u32 each(u32 bytes, Copy&& copy) {
        bytes = std::min(bytes, left_);
        u32 done = 0;
        while (done < bytes) {
            const IoVector& first = parts_.front();
            const u32 part = std::min(bytes - done, first.bytes - offset_);
            const u32 copied = part - copy(first.base + offset_, done, part);
            done += copied;
            offset_ += copied;
            left_ -= copied;
            if (copied != part)
                break;
            if (offset_ == first.bytes) {
                parts_ = parts_.subspan(1);
                offset_ = 0;
            }
        }
        return done;
    }

    std::span<const IoVector> parts_;
    u32 offset_ = 0; // in the first part
    u32 left_;
};

} // namespace faultline
