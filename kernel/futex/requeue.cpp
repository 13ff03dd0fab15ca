// FUTEX_REQUEUE and FUTEX_CMP_REQUEUE. (Linux 6.1 kernel/futex/requeue.c. The PI forms are in requeue_pi.cpp.)
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/user_word.hpp"

namespace faultline {

namespace {

struct Ends {
    FutexKey from, to;
};

// The part after the check of the word. Returns how many waiters were woken or moved.
[[gnu::noinline]] CountResult requeue_waiters(FutexHashBucket& from, FutexHashBucket& to, const Ends& keys, s32 nr_wake,
                                              s32 nr_requeue) REQUIRES(from.lock, to.lock) {
    s32 done = 0;
    for (auto it = from.waiters.begin(); it != from.waiters.end() && done - nr_wake < nr_requeue;) {
        FutexQ& q = *it++;
        if (q.key != keys.from)
            continue;
        if (q.pi_state != nullptr || q.requeue_pi_key != nullptr)
            return Err(Errno::INVAL);
        if (++done <= nr_wake)
            futex_wake_mark(q, from);
        else
            requeue_futex(q, from, to, keys.to);
    }
    return static_cast<u32>(done);
}

// One attempt. FAULT: the word could not be read under the lock, and nothing has changed.
inline CountResult requeue_locked(const Ends& keys, UserAddr address1, s32 nr_wake, s32 nr_requeue,
                                  const u32* expected) {
    FutexHashBucket& from = futex_hash(keys.from);
    FutexHashBucket& to = futex_hash(keys.to);
    const BothLocked locks(from.lock, to.lock);
    const AboutToWait counted(to);
    if (expected != nullptr && TRY(futex_get_value_locked(address1)) != *expected)
        return Err(Errno::AGAIN);
    if (from.waiters.empty())
        return 0;
    return requeue_waiters(from, to, keys, nr_wake, nr_requeue);
}

} // namespace

CountResult futex_requeue(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_requeue,
                          const u32* expected) {
    if (nr_wake < 0 || nr_requeue < 0)
        return Err(Errno::INVAL);
    LivelockDetector livelock;
    while (true) {
        Ends keys;
        TRY_VOID(get_futex_key(address1, scope, FutexAccess::Read, keys.from));
        TRY_VOID(get_futex_key(address2, scope, FutexAccess::Read, keys.to));
        const auto done = requeue_locked(keys, address1, nr_wake, nr_requeue, expected);
        if (!done.is(Errno::FAULT))
            return done;
        TRY_VOID(prepare_next_attempt(livelock, "FUTEX_CMP_REQUEUE", address1, FutexAccess::Read));
    }
}

} // namespace faultline
