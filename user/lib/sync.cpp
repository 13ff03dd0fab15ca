// Locks over futexes. The mutex's three states and why they suffice: Drepper, "Futexes Are Tricky" (2011),
// section 5.
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>

namespace faultline {

void Mutex::lock() {
    u32 seen = 0;
    if (word_.compare_exchange_strong(seen, 1))
        return;
    if (seen != 2)
        seen = word_.exchange(2);
    while (seen != 0) {
        futex_wait(&word_, 2, FUTEX_PRIVATE_FLAG);
        seen = word_.exchange(2);
    }
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
    mutex.lock();
}

void ConditionVariable::notify_one() {
    turn_.fetch_add(1);
    futex_wake(&turn_, 1, FUTEX_PRIVATE_FLAG);
}

void ConditionVariable::notify_all() {
    turn_.fetch_add(1);
    futex_wake(&turn_, 0x7fffffff, FUTEX_PRIVATE_FLAG);
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

long RobustList::register_with(robust_list* first, robust_list* pending, Word* word) {
    node_.next = reinterpret_cast<robust_list*>(&head_.list);
    head_.list.next = first ? first : reinterpret_cast<robust_list*>(&head_.list);
    head_.futex_offset = reinterpret_cast<char*>(word) - reinterpret_cast<char*>(&node_);
    head_.list_op_pending = pending;
    return system_call(__NR_set_robust_list, &head_, sizeof head_);
}

long RobustList::hold(Word* word) { return register_with(&node_, nullptr, word); }

long RobustList::hold_pending(Word* word) { return register_with(nullptr, &node_, word); }

} // namespace faultline
