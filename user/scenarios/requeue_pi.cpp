// A condition variable and a PI mutex. FUTEX_CMP_REQUEUE_PI takes the mutex for a waiter that sleeps, so the kernel
// writes through the waker's mapping of the mutex.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"

namespace faultline {

namespace {

// A child waits at `condition` for `mutex`, which is free, through mappings of its own. Then `prepare` touches the
// parent's mapping of the mutex, and the parent requeues.
void requeue_one(void (*prepare)(Word*)) {
    Word* const condition = map_words(1, MAP_SHARED | MAP_ANONYMOUS);
    Word* const mutex = map_words(1, MAP_SHARED, filled_memfd(1, 0));
    condition->store(0);
    const int waiter = start_child([&] {
        expect("the waiter's FUTEX_WAIT_REQUEUE_PI", futex_wait_requeue_pi(condition, 0, mutex), 0);
        expect("the owner", static_cast<long>(mutex->load() & FUTEX_TID_MASK), sys_gettid());
        expect("the waiter's FUTEX_UNLOCK_PI", futex_unlock_pi(mutex), 0);
    });
    let_it_block(waiter);
    prepare(mutex);
    tell("  A child waits at a condition and will own a mutex when it wakes; the mutex is free. The parent requeues "
         "it.\n");
    const long moved = counted(mutex, [&] { return futex_cmp_requeue_pi(condition, 0, mutex, 0); });
    expect("the number of tasks served", moved, 1);
    expect_child(waiter, 0);
    expect("the word", static_cast<long>(mutex->load()), 0);
}

} // namespace

void requeue_pi_target_untouched() {
    requeue_one([](Word*) {});
}

void requeue_pi_target_read() {
    requeue_one([](Word* mutex) { mutex->load(); });
}

void requeue_pi_target_wrote() {
    requeue_one([](Word* mutex) {
        mutex->load();
        mutex->store(0);
    });
}

} // namespace faultline
