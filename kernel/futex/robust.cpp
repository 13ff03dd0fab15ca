// Robust locks: when a task ends, the locks it holds are marked as died, so that the next locker learns of it. The list
// lies in the program's own memory and may contain anything. (Linux 6.1 kernel/futex/core.c;
// Documentation/locking/robust-futexes.)
#include <cstddef>

#include <linux/futex.h>

#include "arch/contract/uaccess.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

// A link of the list. Bit 0 of a pointer to an entry says that its lock is a PI lock (linux/futex.h).
struct RobustEntry {
    UserAddr address;
    bool pi = false;
};

constexpr u32 PI_BIT = 1;

Result<RobustEntry> fetch_robust_entry(UserAddr link) {
    const u32 pointer = TRY(get_user_u32(link));
    return RobustEntry{UserAddr(pointer & ~PI_BIT), (pointer & PI_BIT) != 0};
}

enum class Entry : u8 { Listed, Pending };

// One attempt to mark a word that held `word`. FAULT: it could not be written. AGAIN: it has changed.
Result<void> mark_owner_died(UserAddr address, u32 word) {
    const u32 died = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    if (TRY(futex_cmpxchg_value_locked(address, word, died)) != word)
        return Err(Errno::AGAIN);
    return {};
}

// Marks one lock, if `task` owns it, and wakes a waiter. An error ends the walk, because the list cannot be trusted.
// The loop ignores signals: the next locker needs the mark, whatever killed this task. (Linux: handle_futex_death.)
Result<void> handle_futex_death(UserAddr address, const Task& task, bool pi, Entry entry) {
    if (address.value() % sizeof(u32) != 0)
        return Err(Errno::INVAL);
    LivelockDetector livelock;
    while (true) {
        const u32 word = TRY(get_user_u32(address));
        const u32 owner = word & FUTEX_TID_MASK;
        // The task may have died after it had cleared the word, and before it woke a waiter and took the entry off the
        // list.
        if (entry == Entry::Pending && !pi && owner == 0) {
            futex_wake_address(address, 1);
            return {};
        }
        if (owner != static_cast<u32>(task.pid))
            return {};
        const auto marked = mark_owner_died(address, word);
        if (marked.ok()) {
            // exit_pi_state_list() takes care of the waiters of a PI lock.
            if (!pi && (word & FUTEX_WAITERS) != 0)
                futex_wake_address(address, 1);
            return {};
        }
        if (marked.error() == Errno::FAULT)
            TRY_VOID(prepare_next_attempt(livelock, "robust list at exit", address, FutexAccess::Write));
        else
            cond_resched();
    }
}

// Walks the list whose head is at `head`. Stops at the first link that cannot be followed.
Result<void> walk_robust_list(UserAddr head, const Task& task) {
    RobustEntry entry = TRY(fetch_robust_entry(head + offsetof(RobustListHead, next)));
    const u32 futex_offset = TRY(get_user_u32(head + offsetof(RobustListHead, futex_offset)));
    const RobustEntry pending = TRY(fetch_robust_entry(head + offsetof(RobustListHead, list_op_pending)));

    // ROBUST_LIST_LIMIT (2048 entries) also ends a list that never comes back to its head.
    for (u32 left = ROBUST_LIST_LIMIT; entry.address != head && left > 0; --left) {
        // Read the link before the lock is marked: afterwards another task may reuse the entry.
        const auto next = fetch_robust_entry(entry.address);
        if (entry.address != pending.address)
            TRY_VOID(handle_futex_death(entry.address + futex_offset, task, entry.pi, Entry::Listed));
        if (!next.ok())
            return Err(next.error());
        entry = next.value();
        cond_resched();
    }
    if (pending.address != UserAddr{})
        return handle_futex_death(pending.address + futex_offset, task, pending.pi, Entry::Pending);
    return {};
}

} // namespace

void exit_robust_list(Task& task) {
    const UserAddr head = task.robust_list;
    if (head == UserAddr{})
        return;
    static_cast<void>(walk_robust_list(head, task)); // no caller is left that could be told of a bad list
    task.robust_list = UserAddr{};
}

} // namespace faultline
