// futex(2): the raw call, and each operation by name. The kernel and the program share a Word; each access to it is one
// LDREX/STREX loop, or a plain load or store.
#pragma once

#include <atomic>

#include <linux/futex.h>
#include <linux/time_types.h>

#include <ulib/system_call.hpp>

namespace faultline {

using Word = std::atomic<u32>;
static_assert(sizeof(Word) == 4 && Word::is_always_lock_free);

// `fourth` is the timeout or val2, depending on `operation`.
inline long sys_futex(Word* word, int operation, u32 value, const void* fourth = nullptr, Word* word2 = nullptr,
                      u32 value3 = 0) {
    return system_call(__NR_futex, word, operation, value, fourth, word2, value3);
}

// val3 of FUTEX_WAKE_OP (futex(2)): `*word2 = *word2 OP argument; wake word2 if its old value CMP against`.
constexpr u32 futex_op(unsigned operation, unsigned argument, unsigned comparison, unsigned against) {
    return (operation & 0xf) << 28 | (comparison & 0xf) << 24 | (argument & 0xfff) << 12 | (against & 0xfff);
}

// `private_flag` is 0 or FUTEX_PRIVATE_FLAG throughout.
inline long futex_wait(Word* word, u32 value, int private_flag = 0) {
    return sys_futex(word, FUTEX_WAIT | private_flag, value);
}
inline long futex_wait_for(Word* word, u32 value, long milliseconds, int private_flag = 0) {
    const __kernel_old_timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000};
    return sys_futex(word, FUTEX_WAIT | private_flag, value, &limit);
}
inline long futex_wake(Word* word, u32 count, int private_flag = 0) {
    return sys_futex(word, FUTEX_WAKE | private_flag, count);
}
// Wakes up to `count` waiters of `word`, and up to `count2` of `word2` if the comparison in `operation` holds.
inline long futex_wake_op(Word* word, u32 count, Word* word2, u32 count2, u32 operation, int private_flag = 0) {
    return sys_futex(word, FUTEX_WAKE_OP | private_flag, count, reinterpret_cast<void*>(count2), word2, operation);
}
// Wakes up to `count` waiters of `word` and moves up to `moved` others to `word2`, if `*word == value`.
inline long futex_cmp_requeue(Word* word, u32 count, u32 moved, Word* word2, u32 value, int private_flag = 0) {
    return sys_futex(word, FUTEX_CMP_REQUEUE | private_flag, count, reinterpret_cast<void*>(moved), word2, value);
}
inline long futex_lock_pi(Word* word, int private_flag = 0) { return sys_futex(word, FUTEX_LOCK_PI | private_flag, 0); }
// Like FUTEX_LOCK_PI, except that its timeout is measured by CLOCK_MONOTONIC. This function passes none.
inline long futex_lock_pi2(Word* word, int private_flag = 0) {
    return sys_futex(word, FUTEX_LOCK_PI2 | private_flag, 0);
}
inline long futex_trylock_pi(Word* word, int private_flag = 0) {
    return sys_futex(word, FUTEX_TRYLOCK_PI | private_flag, 0);
}
inline long futex_unlock_pi(Word* word, int private_flag = 0) {
    return sys_futex(word, FUTEX_UNLOCK_PI | private_flag, 0);
}
// Waits on `word` if it holds `value`, and then for the PI lock `lock`. Returns 0 when the caller owns the lock.
inline long futex_wait_requeue_pi(Word* word, u32 value, Word* lock, int private_flag = 0) {
    return sys_futex(word, FUTEX_WAIT_REQUEUE_PI | private_flag, value, nullptr, lock);
}
// Takes `lock` for one waiter of futex_wait_requeue_pi() on `word`, or makes it wait for `lock`; makes up to `moved`
// more wait for `lock`. Does so only if `*word == value`.
inline long futex_cmp_requeue_pi(Word* word, u32 moved, Word* lock, u32 value, int private_flag = 0) {
    return sys_futex(word, FUTEX_CMP_REQUEUE_PI | private_flag, 1, reinterpret_cast<void*>(moved), lock, value);
}

} // namespace faultline
