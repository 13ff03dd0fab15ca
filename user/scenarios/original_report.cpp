// The report of July 2011: a priority-inheritance mutex in a page that processes share. The parent holds it. The
// child's compare-and-swap reads the word, finds it taken, and asks the kernel; the kernel's own compare-and-swap is
// then the first write through the child's entry. The other scenarios here use the same mutex in ways that never hung.
#include <ulib/print.hpp>
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"

namespace faultline {

namespace {

PiMutex& shared_mutex() { return *reinterpret_cast<PiMutex*>(map_words(1, MAP_SHARED | MAP_ANONYMOUS)); }

void lock_it_counted(PiMutex& mutex) {
    const long result = counted(&mutex.word(), [&] { return mutex.lock(); });
    expect("lock()", result, 0);
}

// The parent takes the mutex, forks, waits until the child sleeps on it, and hands it over.
void contend(void (*child_touches)(Word&)) {
    PiMutex& mutex = shared_mutex();
    expect("the parent's lock()", mutex.lock(), 0);
    tell("  Process %ld takes the mutex, which is free: one compare-and-swap, no system call.\n", sys_getpid());

    const int child = start_child([&] {
        child_touches(mutex.word());
        tell("  Its child, process %ld, wants the mutex too. Its compare-and-swap only reads: the owner is %u.\n",
             sys_getpid(), static_cast<unsigned>(mutex.word().load()));
        tell("  So it asks the kernel: FUTEX_LOCK_PI.\n");
        lock_it_counted(mutex);
        tell("  The child has the mutex; the word holds %#x.\n", static_cast<unsigned>(mutex.word().load()));
        expect("the owner", static_cast<long>(mutex.word().load() & FUTEX_TID_MASK), sys_gettid());
        expect("the child's unlock()", mutex.unlock(), 0);
    });
    await_waiter(&mutex.word());
    let_it_block(child);
    tell("  The parent sees that a task waits (%#x), and unlocks.\n", static_cast<unsigned>(mutex.word().load()));
    expect("the parent's unlock()", mutex.unlock(), 0);
    expect_child(child, 0);
    expect("the word at the end", static_cast<long>(mutex.word().load()), 0);
}

} // namespace

void original_report() {
    contend([](Word& word) { word.load(); });
}

void original_report_after_write() {
    contend([](Word& word) { (&word)[1].store(1); });
}

void original_report_trylock() {
    PiMutex& mutex = shared_mutex();
    expect("the parent's lock()", mutex.lock(), 0);
    continue_in_child();
    const long taken = counted(&mutex.word(), [&] { return mutex.try_lock(); });
    expect("the child's try_lock()", taken, false);
}

void original_report_uncontended() {
    PiMutex& mutex = shared_mutex();
    expect("the parent's lock()", mutex.lock(), 0);
    expect("the parent's unlock()", mutex.unlock(), 0);
    continue_in_child();
    lock_it_counted(mutex);
    expect("the child's unlock()", mutex.unlock(), 0);
    expect("the word at the end", static_cast<long>(mutex.word().load()), 0);
}

} // namespace faultline
