// FUTEX_WAIT and FUTEX_WAKE, with and without bitsets. (Linux 6.1 kernel/futex/waitwake.c.)
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/futex/wait.hpp"
#include "kernel/futex/wake.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

// Sleeps, if `q` is still queued. Returns false if the deadline passed.
bool sleep_queued(const FutexQ& q, Deadline deadline) {
    if (q.bucket.load(std::memory_order_acquire) != nullptr)
        return schedule_until(deadline);
    current()->state = TaskState::Running;
    return true;
}

// After a signal that ran no handler the wait goes on, until the same moment. After one that ran a handler the call
// returns EINTR, even with SA_RESTART, because the program may depend on the time (futex(2), signal(7)).
Result<u32> futex_wait_restart(RestartBlock& block) {
    return futex_wait(UserAddr(block.arguments[0]), static_cast<FutexScope>(block.arguments[1]), block.arguments[2],
                      Deadline::from_raw(block.deadline_ns), block.arguments[3]);
}

} // namespace

CountResult futex_wait(UserAddr address, FutexScope scope, u32 value, Deadline deadline, u32 bitset) {
    if (bitset == 0)
        return Err(Errno::INVAL);
    while (true) {
        FutexQ q;
        q.bitset = bitset;
        TRY_VOID(futex_wait_setup(address, scope, value, q));
        const bool in_time = sleep_queued(q, deadline);
        if (!futex_unqueue(q))
            return 0;
        if (!in_time)
            return Err(Errno::TIMEDOUT);
        if (!signal_pending())
            continue; // a wake-up without a cause
        if (deadline.never())
            return Err(Errno::RESTARTSYS);
        current()->restart_block = {.function = futex_wait_restart,
                                    .deadline_ns = deadline.raw(),
                                    .arguments = {address.value(), static_cast<u32>(scope), value, bitset}};
        return Err(Errno::RESTART_RESTARTBLOCK);
    }
}

CountResult futex_wake(UserAddr address, FutexScope scope, s32 nr_wake, u32 bitset) {
    return wake_if_waiters(address, scope, nr_wake, bitset);
}

CountResult wake_waiters_of(const FutexKey& key, FutexHashBucket& bucket, s32 nr_wake, u32 bitset) {
    const Guard lock(bucket.lock);
    return wake_matching(bucket, key, nr_wake, bitset);
}

void futex_wake_address(UserAddr address, u32 nr) {
    static_cast<void>(futex_wake(address, FutexScope::Shared, static_cast<s32>(nr), FUTEX_BITSET_MATCH_ANY));
}

} // namespace faultline
