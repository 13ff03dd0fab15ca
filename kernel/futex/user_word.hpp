// Access to the futex word under a bucket's lock. No fault is served there: serving one may sleep, and takes the mmap
// lock, which comes before the bucket's lock (fault-path invariant "no sleep with page faults disabled").
#pragma once

#include <arch/user_word.hpp>

#include "mm/fault.hpp"

namespace faultline {

// Reads the word. FAULT: it could not be read without serving a fault. The caller then releases its locks, makes the
// word accessible and tries again. (Linux: futex_get_value_locked.)
inline Result<u32> futex_get_value_locked(UserAddr address) {
    PagefaultDisabled atomic;
    return get_user_word(address);
}

// Changes the word to `desired` if it is `expected`. Returns the value found. FAULT: as above, with nothing written.
// (Linux: futex_cmpxchg_value_locked.)
inline Result<u32> futex_cmpxchg_value_locked(UserAddr address, u32 expected, u32 desired) {
    PagefaultDisabled atomic;
    return futex_atomic_cmpxchg_inatomic(address, expected, desired);
}

} // namespace faultline
