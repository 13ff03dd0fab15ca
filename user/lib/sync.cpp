// Locks built on futexes. Drepper, "Futexes Are Tricky" (2011), section 5, explains the mutex's three states and why
// they suffice.
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>

namespace faultline {

namespace {
constexpr u32 ALL = 0x7fffffff;
}

void Mutex::lock() {
    u32 seen = 0;
    if (word_.compare_exchange_strong(seen, 1))
        return;
    lock_as_contended();
}

void Mutex::lock_as_contended() {
    while (word_.exchange(2) != 0)
        futex_wait(&word_, 2, FUTEX_PRIVATE_FLAG);
}

bool Mutex::try_lock() {
    u32 seen = 0;
    return word_.compare_exchange_strong(seen, 1);
}

void Mutex::unlock() {
    if (word_.exchange(0) == 2)
        futex_wake(&word_, 1, FUTEX_PRIVATE_FLAG);
}

void ConditionVariable::wait(Mutex& mutex) {
    const u32 seen = turn_.load();
    mutex.unlock();
    futex_wait(&turn_, seen, FUTEX_PRIVATE_FLAG); // returns at once if a notify came in between
    mutex.lock_as_contended();                    // other waiters may have been moved to the mutex too
}

void ConditionVariable::notify_one() {
    turn_.fetch_add(1);
    futex_wake(&turn_, 1, FUTEX_PRIVATE_FLAG);
}

void ConditionVariable::notify_all(Mutex& mutex) {
    turn_.fetch_add(1);
    while (futex_cmp_requeue(&turn_, 1, ALL, &mutex.word_, turn_.load(), FUTEX_PRIVATE_FLAG) == -EAGAIN) {
    } // another notify came in between
}

bool PiMutex::try_lock() {
    u32 seen = 0;
    return word_.compare_exchange_strong(seen, static_cast<u32>(sys_gettid()));
}

long PiMutex::lock() { return try_lock() ? 0 : futex_lock_pi(&word_); }

long PiMutex::unlock() {
    u32 seen = static_cast<u32>(sys_gettid());
    return word_.compare_exchange_strong(seen, 0) ? 0 : futex_unlock_pi(&word_);
}

long PiConditionVariable::wait(PiMutex& mutex) {
    const u32 seen = turn_.load();
    if (const long error = mutex.unlock(); error != 0)
        return error;
    const long error = futex_wait_requeue_pi(&turn_, seen, &mutex.word());
    return error == -EAGAIN ? mutex.lock() : error; // a notify came in between
}

long PiConditionVariable::notify_all(PiMutex& mutex) {
    turn_.fetch_add(1);
    long moved;
    while ((moved = futex_cmp_requeue_pi(&turn_, ALL, &mutex.word(), turn_.load())) == -EAGAIN) {
    }
    return moved < 0 ? moved : 0;
}

long RobustList::register_with(robust_list* first, robust_list* pending, Word* word) {
    node_.next = reinterpret_cast<robust_list*>(&head_.list);
    head_.list.next = first ? first : reinterpret_cast<robust_list*>(&head_.list);
    head_.futex_offset = reinterpret_cast<char*>(word) - reinterpret_cast<char*>(&node_);
    head_.list_op_pending = pending;
    return system_call(__NR_set_robust_list, &head_, sizeof head_);
}

long RobustList::hold(Word* word) { return register_with(&node_, nullptr, word); }

long RobustList::hold_pending(Word* word) { return register_with(nullptr, &node_, word); }

long RobustList::hold_none() { return register_with(nullptr, nullptr, nullptr); }

// A task that has waited takes the lock with FUTEX_WAITERS set, because others may still wait.
bool RobustMutex::lock(RobustList& list) {
    list.hold_pending(&word_);
    const u32 self = static_cast<u32>(sys_gettid());
    u32 waiters = 0;
    for (u32 seen = word_.load();;) {
        if ((seen & FUTEX_TID_MASK) == 0) {
            if (word_.compare_exchange_weak(seen, self | waiters | (seen & FUTEX_WAITERS))) {
                list.hold(&word_);
                return (seen & FUTEX_OWNER_DIED) != 0;
            }
            continue;
        }
        waiters = FUTEX_WAITERS;
        if ((seen & FUTEX_WAITERS) == 0 && !word_.compare_exchange_weak(seen, seen | FUTEX_WAITERS))
            continue;
        futex_wait(&word_, seen | FUTEX_WAITERS);
        seen = word_.load();
    }
}

void RobustMutex::unlock(RobustList& list) {
    list.hold_pending(&word_);
    if ((word_.exchange(0) & FUTEX_WAITERS) != 0)
        futex_wake(&word_, 1);
    list.hold_none();
}

} // namespace faultline
