// PiMutex and PiConditionVariable of user/lib/sync.cpp for programs on the modelled machine: they make the same
// accesses and calls in the same order. `user` makes them:
//
//   u32 cmpxchg(UserAddr word, u32 expected, u32 desired)    returns what it found
//   u32 read(UserAddr word), void write(UserAddr word, u32 value)
//   Result<u32> futex(UserAddr word, u32 op, u32 value, UserAddr second, u32 third, u32 val2)
#pragma once

#include <arch/current.hpp>
#include <linux/futex.h>

#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

template <class User>
Result<u32> pi_mutex_lock(User& user, UserAddr lock) {
    const u32 tid = static_cast<u32>(current()->pid);
    if (user.cmpxchg(lock, 0, tid) == 0)
        return 0;
    return user.futex(lock, FUTEX_LOCK_PI, 0, UserAddr(0), 0, 0);
}

template <class User>
Result<u32> pi_mutex_unlock(User& user, UserAddr lock) {
    const u32 tid = static_cast<u32>(current()->pid);
    if (user.cmpxchg(lock, tid, 0) == tid)
        return 0;
    return user.futex(lock, FUTEX_UNLOCK_PI, 0, UserAddr(0), 0, 0);
}

// `turn` changes with each notification; notifications never overlap. May return without a notification.
template <class User>
Result<u32> pi_wait(User& user, UserAddr turn, UserAddr lock) {
    const u32 seen = user.read(turn);
    TRY(pi_mutex_unlock(user, lock));
    const auto waited = user.futex(turn, FUTEX_WAIT_REQUEUE_PI, seen, lock, 0, 0);
    return waited.error() == Errno::AGAIN ? pi_mutex_lock(user, lock) : waited;
}

template <class User>
Result<u32> pi_notify_all(User& user, UserAddr turn, UserAddr lock) {
    constexpr u32 ALL = 0x7fffffff;
    user.write(turn, user.read(turn) + 1);
    while (true) {
        const auto moved = user.futex(turn, FUTEX_CMP_REQUEUE_PI, 1, lock, user.read(turn), ALL);
        if (moved.error() != Errno::AGAIN)
            return moved;
    }
}

} // namespace faultline
