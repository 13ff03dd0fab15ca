// The futex word, reached under a bucket's lock. No fault may be served there: serving one sleeps, and it
// takes the mmap lock, which is outside the bucket lock (fault-path invariant "no sleep with page faults
// disabled").
#pragma once

#include "arch/contract/uaccess.hpp"
#include "mm/fault.hpp"

namespace faultline {

// The word's value. FAULT: it could not be read without serving a fault; drop the locks, make it accessible,
// try again. (Linux: futex_get_value_locked.)
inline Result<u32> futex_get_value_locked(UserAddr address) {
    PagefaultDisabled atomic;
    return get_user_u32(address);
}

// If the word is `expected` makes it `desired`; the value found. FAULT as above, with nothing written.
// (Linux: futex_cmpxchg_value_locked.)
inline Result<u32> futex_cmpxchg_value_locked(UserAddr address, u32 expected, u32 desired) {
    PagefaultDisabled atomic;
    return futex_atomic_cmpxchg_inatomic(address, expected, desired);
}

} // namespace faultline
