// A place where errors are noted, and cursors that each see an error once (Linux: lib/errseq.c, which has the same names).
//
// A value is a count of errors, and a bit that says whether anybody has seen the last one. An error that nobody has seen is
// also reported to cursors that were made after it.
#pragma once

#include <atomic>

#include "base/types.hpp"

namespace faultline {

class ErrSeq {
  public:
    // A position in the sequence of errors. A new one has seen nothing.
    class Cursor {
      public:
        bool operator==(const Cursor&) const = default;

      private:
        friend class ErrSeq;
        u32 value_ = 0;
    };

    // Notes an error. Callable from anywhere.
    void set() {
        u32 old = value_.load(std::memory_order_relaxed);
        while ((old == 0 || (old & SEEN) != 0) &&
               !value_.compare_exchange_weak(old, (old | SEEN) + 1, std::memory_order_release,
                                             std::memory_order_relaxed)) {
        }
    }

    // The place after the last error that somebody has seen.
    Cursor sample() const {
        Cursor cursor;
        const u32 value = value_.load(std::memory_order_acquire);
        cursor.value_ = (value & SEEN) != 0 ? value : 0;
        return cursor;
    }

    // Whether there was an error since `cursor`, which moves behind it. Of several callers with one cursor, one is told.
    bool check_and_advance(Cursor& cursor) {
        const std::atomic_ref told(cursor.value_);
        u32 value = value_.load(std::memory_order_acquire);
        if (value == told.load(std::memory_order_relaxed))
            return false;
        while (!value_.compare_exchange_weak(value, value | SEEN, std::memory_order_acq_rel)) {
        }
        return told.exchange(value | SEEN, std::memory_order_relaxed) != (value | SEEN);
    }

  private:
    static constexpr u32 SEEN = 1;

    std::atomic<u32> value_ = 0; // 0: there was none; else a count above the bit SEEN
};

} // namespace faultline
