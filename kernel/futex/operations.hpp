// The operations of futex(2), with decoded arguments. All act for the current task, which holds no lock, and all may
// sleep. Every operation may also fail with the errors of get_futex_key for each of its addresses, and with NOMEM and
// INTR (a fatal signal) from fault_in_user_writeable.
//
// An attempt that meets a fault has no effect: no waiter has been queued, woken or requeued. Each attempt starts again
// from the addresses; only a private key, which is made of nothing else, is kept.
#pragma once

#include "base/result.hpp"
#include "kernel/futex/key.hpp"
#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// Sleeps until woken, if *address == value. Returns 0. AGAIN: the word has another value. TIMEDOUT: `deadline` has
// passed. On a signal RESTARTSYS or, with a deadline, RESTART_RESTARTBLOCK. INVAL: `bitset` is 0.
CountResult futex_wait(UserAddr address, FutexScope scope, u32 value, Deadline deadline, u32 bitset);

// Wakes up to nr_wake waiters that share a bit with `bitset`, and at least one. Returns how many. INVAL: `bitset` is 0,
// or a waiter belongs to a PI operation.
CountResult futex_wake(UserAddr address, FutexScope scope, s32 nr_wake, u32 bitset);

// Wakes up to nr_wake waiters of address1 and moves up to nr_requeue more to address2. Returns how many in all. AGAIN:
// `expected` is given, and *address1 has another value. INVAL: a count is negative, or a waiter belongs to a PI
// operation.
CountResult futex_requeue(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_requeue,
                          const u32* expected);

// Changes *address2 as encoded_op says, and wakes up to nr_wake waiters of address1. If the word's old value passes the
// comparison of encoded_op, also wakes up to nr_wake2 waiters of address2. Returns how many. NOSYS: an unknown
// operation (nothing has changed), or an unknown comparison (the word has changed). INVAL: a waiter belongs to a PI
// operation.
CountResult futex_wake_op(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_wake2,
                          u32 encoded_op);

// Takes the lock whose word holds the owner's thread id. Returns 0. Sleeps while another task owns it; with `trylock`
// returns AGAIN instead. DEADLK: the caller owns it, or would wait for itself. SRCH: the owner does not exist. PERM:
// the owner is a kernel task. INVAL: the word and the waiters disagree. TIMEDOUT: `deadline` has passed. RESTARTNOINTR:
// a signal.
CountResult futex_lock_pi(UserAddr address, FutexScope scope, Deadline deadline, bool trylock);

// Gives the lock to the most urgent waiter, or frees it. Returns 0. FAULT: the word cannot be read. PERM: the caller is
// not the owner. INVAL: the word and the waiters disagree, or the address is not a multiple of 4 (PERM comes first,
// because the word is read before anything else). AGAIN: the word changed meanwhile.
CountResult futex_unlock_pi(UserAddr address, FutexScope scope);

// Sleeps, if *address1 == value, until futex_cmp_requeue_pi has moved the waiter to the lock at address2 and the caller
// owns the lock. Returns 0. AGAIN: the word has another value, or a signal came after the move. RESTARTNOINTR: a signal
// came before the move. TIMEDOUT: `deadline` has passed. INVAL: both addresses are one word.
CountResult futex_wait_requeue_pi(UserAddr address1, FutexScope scope, u32 value, Deadline deadline, UserAddr address2);

// If *address1 == expected: takes the lock at address2 for the most urgent waiter of address1 and wakes it; or, if the
// lock is taken, makes it wait for the lock. Also makes up to nr_requeue more waiters wait for the lock. Returns how
// many in all. AGAIN: *address1 has another value. INVAL: nr_wake is not 1, a count is negative, both addresses are one
// word, or a waiter did not come by futex_wait_requeue_pi or named another lock. DEADLK: a waiter would wait for
// itself. Also the errors of futex_lock_pi.
CountResult futex_cmp_requeue_pi(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_requeue,
                                 u32 expected);

// struct robust_list_head in the layout of 32-bit programs (linux/futex.h). set_robust_list(2) registers its address.
struct RobustListHead {
    u32 next;            // the first entry; the last one points back to the head
    s32 futex_offset;    // bytes from an entry to its word
    u32 list_op_pending; // an entry that is being put on the list or taken off it, or 0
};
static_assert(sizeof(RobustListHead) == 12);

// ---- for exit and exec ----

// Marks every lock on the task's robust list as died, and forgets the list. A bad list is abandoned where it goes
// wrong, and after 2048 entries at the latest. `task` is the current one, and its address space is still there. (Linux
// 6.1 kernel/futex/core.c exit_robust_list.)
void exit_robust_list(Task& task);

// Lets go of a task's futexes when it exits (task.exiting is set) or changes its program (it is not): first the robust
// list, then the PI locks with waiters. Call it before the address space goes, and before clear_child_tid is written.
// Afterwards no LOCK_PI waits for an exited task. (Linux: futex_exit_release, futex_exec_release.)
void futex_exit(Task& task);

// Wakes up to `nr` waiters of a shared futex, and ignores errors. Exit does this for clear_child_tid (Linux:
// mm_release).
void futex_wake_address(UserAddr address, u32 nr);

} // namespace faultline
