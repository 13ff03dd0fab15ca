// FUTEX_WAKE, inline up to the usual answer, that nobody waits. (Linux 6.1 kernel/futex/waitwake.c futex_wake.)
#pragma once

#include "kernel/futex/queue.hpp"

namespace faultline {

// The part of futex_wake() for a bucket that has waiters. Takes its lock.
CountResult wake_waiters_of(const FutexKey& key, FutexHashBucket& bucket, s32 nr_wake, u32 bitset);

// futex_wake() (kernel/futex/operations.hpp), for who calls it often.
[[gnu::always_inline]] inline CountResult wake_if_waiters(UserAddr address, FutexScope scope, s32 nr_wake, u32 bitset) {
    if (bitset == 0)
        return Err(Errno::INVAL);
    FutexKey key;
    TRY_VOID(get_futex_key(address, scope, FutexAccess::Read, key));
    FutexHashBucket& bucket = futex_hash(key);
    if (!hb_waiters_pending(bucket))
        return 0;
    return wake_waiters_of(key, bucket, nr_wake, bitset);
}

} // namespace faultline
