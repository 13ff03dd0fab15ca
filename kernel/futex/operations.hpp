// The operations of futex(2), arguments decoded. All act for the current task, which holds no lock; all may
// sleep. Common errors: those of get_futex_key for either address; NOMEM and INTR (fatal signal) from
// fault_in_user_writeable.
//
// A fault on the way leaves nothing done: no waiter queued, nobody woken, nothing requeued. Each attempt
// starts from the addresses again, and keeps nothing of the one before.
#pragma once

#include "base/result.hpp"
#include "kernel/futex/key.hpp"
#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// Sleeps until woken if *address == value. AGAIN: it was not. TIMEDOUT at `deadline`, RESTARTSYS or, if there
// is a deadline, RESTART_RESTARTBLOCK on a signal. INVAL: bitset is 0.
Result<u32> futex_wait(UserAddr address, FutexScope scope, u32 value, Deadline deadline, u32 bitset);

// Wakes up to nr_wake waiters that share a bit with bitset; how many. INVAL: bitset is 0, or a waiter of the
// PI operations.
Result<u32> futex_wake(UserAddr address, FutexScope scope, s32 nr_wake, u32 bitset);

// Wakes up to nr_wake waiters of address1 and moves up to nr_requeue more to address2; how many in all. With
// `expected`, only if *address1 is that, else AGAIN. INVAL: a negative count, or a waiter of the PI operations.
Result<u32> futex_requeue(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_requeue,
                          const u32* expected);

// Changes *address2 as encoded_op says, wakes up to nr_wake waiters of address1 and, if the old value
// compares as encoded_op says, up to nr_wake2 of address2; how many. NOSYS: unknown operation (nothing
// changed) or comparison (the word has changed). INVAL: a waiter of the PI operations.
Result<u32> futex_wake_op(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_wake2,
                          u32 encoded_op);

// Takes the lock whose word holds the owner's thread id; sleeps while another owns it. 0. With `trylock`
// AGAIN instead of sleeping. DEADLK: the caller owns it, or would wait for itself; SRCH: no such owner; PERM:
// a kernel task; INVAL: the word and the waiters disagree; TIMEDOUT; RESTARTNOINTR on a signal.
Result<u32> futex_lock_pi(UserAddr address, FutexScope scope, Deadline deadline, bool trylock);

// Gives the lock to the most urgent waiter, or frees it. 0. FAULT: unreadable; PERM: not the owner's; INVAL: as
// above, or misaligned (PERM comes first: the word is read before anything else); AGAIN: the word changed
// meanwhile.
Result<u32> futex_unlock_pi(UserAddr address, FutexScope scope);

// Sleeps if *address1 == value, until futex_cmp_requeue_pi has moved the waiter to the lock at address2 and
// the lock is the caller's. 0. AGAIN: it was not, or a signal came after the move; RESTARTNOINTR: before it;
// TIMEDOUT; INVAL: both are one word.
Result<u32> futex_wait_requeue_pi(UserAddr address1, FutexScope scope, u32 value, Deadline deadline, UserAddr address2);

// If *address1 is `expected`, else AGAIN: takes the lock at address2 for the most urgent waiter of address1
// and wakes it, or makes it wait for the lock; and does the latter to up to nr_requeue more. How many in all.
// INVAL: nr_wake is not 1, a count is negative, both are one word, or a waiter is not a WAIT_REQUEUE_PI that
// named address2; DEADLK: one would wait for itself; those of futex_lock_pi.
Result<u32> futex_cmp_requeue_pi(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_requeue,
                                 u32 expected);

// struct robust_list_head as 32-bit programs lay it out (linux/futex.h): what set_robust_list(2) registers.
struct RobustListHead {
    u32 next;            // the first entry, or the head itself: the list is circular
    s32 futex_offset;    // bytes from an entry to its word
    u32 list_op_pending; // an entry about to be put on the list or taken off it, or 0
};
static_assert(sizeof(RobustListHead) == 12);

// ---- for exit and exec ----

// Marks as died every lock on the task's robust list, and forgets the list. Bad lists are abandoned, never
// followed for ever. `task` is the current one, its address space still there. (Linux 6.1 kernel/futex/core.c
// exit_robust_list.)
void exit_robust_list(Task& task);

// All a task leaves to others when it exits (task.exiting is set) or changes its program (it is not): its
// robust list, then PI locks with waiters. Before the address space goes, and before clear_child_tid. No
// LOCK_PI waits for an exited task afterwards. (Linux: futex_exit_release, futex_exec_release.)
void futex_exit(Task& task);

// Wakes up to `nr` waiters of a shared futex, ignoring errors: what exit does for clear_child_tid (Linux:
// mm_release).
void futex_wake_address(UserAddr address, u32 nr);

} // namespace faultline
