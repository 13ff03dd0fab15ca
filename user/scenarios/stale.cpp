// The third cause of the hang. A CPU added a permission to an entry, and dropped the page from its own TLB only, which
// is legal: a CPU whose TLB still permits less takes a fault. The handler finds nothing else to repair, drops the stale
// translation, and the program goes on (docs/backends.md). The kernel's write in atomic context does not take that
// fault.
#include <ulib/print.hpp>
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"
#include "user/scenarios/stories.hpp"
#include "user/scenarios/two_cpus.hpp"

namespace faultline {

namespace {

constexpr u32 NEIGHBOUR = 2; // beside the word and its marker

// CPU 1, where the caller stays, reads the page; then CPU 0 writes to it.
void make_stale(Word* word) {
    pin_to(1);
    Companion writer(0, [](void* page) { static_cast<Word*>(page)[NEIGHBOUR].store(MARKER); }, word);
    word->load();
    show_entry("after the read", word);
    writer.run();
    writer.rest();
}

} // namespace

Place stale(u32 initial) {
    const Place at = memfd_untouched(initial);
    make_stale(at.word);
    return at;
}

// One thread does everything, and is on CPU 1 again in the end. Moving must leave no stale translation.
Place moved(u32 initial) {
    const Place at = memfd_untouched(initial);
    pin_to(1);
    at.word->load();
    show_entry("after the read on CPU 1", at.word);
    pin_to(0);
    at.word[NEIGHBOUR].store(MARKER);
    show_entry("after the write on CPU 0", at.word);
    pin_to(1);
    return at;
}

// The parent holds the lock; its child, two threads on two CPUs, wants it.
void stale_lock_of_two_processes() {
    auto& mutex = *reinterpret_cast<PiMutex*>(map_words(1, MAP_SHARED | MAP_ANONYMOUS));
    pin_to(0);
    expect("the parent's lock()", mutex.lock(), 0);
    tell("  Process %ld, on CPU 0, takes the mutex.\n", sys_getpid());
    const int child = start_child([&] {
        make_stale(&mutex.word());
        tell("  Process %ld has read the mutex on CPU 1, and then written beside it on CPU 0. Now CPU 1 asks for the "
             "mutex.\n",
             sys_getpid());
        const long result = counted(&mutex.word(), [&] { return mutex.lock(); });
        expect("the child's lock()", result, 0);
        expect("the owner", static_cast<long>(mutex.word().load() & FUTEX_TID_MASK), sys_gettid());
        expect("the child's unlock()", mutex.unlock(), 0);
    });
    await_waiter(&mutex.word());
    let_it_block(child);
    expect("the parent's unlock()", mutex.unlock(), 0);
    expect_child(child, 0);
    expect("the word at the end", static_cast<long>(mutex.word().load()), 0);
}

} // namespace faultline
