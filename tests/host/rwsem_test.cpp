// The sleeping reader-writer lock: who waits is served in turn, and readers share.
#include <catch2/catch.hpp>

#include <string>

#include "base/rwsem.hpp"
#include "kernel/sched/sched.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

// A test on one CPU: a task runs until it sleeps or gives way.
struct Semaphore {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    RwSemaphore lock{"a semaphore under test"};
    std::string order; // a letter for each time that the lock was taken

    template <class Guarded>
    void hold(char name) {
        const Guarded guard(lock);
        order += name;
        yield_to_others();
    }
    void yield_to_others() {
        for (int i = 0; i < 4; ++i)
            yield();
    }
    template <class Work>
    void spawn(Work work) {
        test.spawn(mm, work);
    }
};

using Read = ReadGuard<RwSemaphore>;
using Write = WriteGuard<RwSemaphore>;

} // namespace

TEST_CASE("RwSemaphore: a writer that comes back at once does not overtake one that waits") {
    Semaphore on;
    on.spawn([&] {
        for (int i = 0; i < 3; ++i)
            on.hold<Write>('a');
    });
    on.spawn([&] {
        for (int i = 0; i < 3; ++i)
            on.hold<Write>('b');
    });
    on.test.run();
    CHECK(on.order == "ababab");
}

TEST_CASE("RwSemaphore: readers share, and those behind a writer wait for it") {
    Semaphore on;
    on.spawn([&] { on.hold<Read>('1'); });
    on.spawn([&] { on.hold<Read>('2'); });
    on.spawn([&] { on.hold<Write>('w'); });
    on.spawn([&] { on.hold<Read>('3'); });
    on.spawn([&] { on.hold<Read>('4'); });
    on.test.run();
    CHECK(on.order == "12w34");
}

TEST_CASE("RwSemaphore: writers that come in a row do not keep a reader waiting") {
    Semaphore on;
    on.spawn([&] {
        for (int i = 0; i < 3; ++i)
            on.hold<Write>('a');
    });
    on.spawn([&] { on.hold<Read>('r'); });
    on.spawn([&] {
        for (int i = 0; i < 3; ++i)
            on.hold<Write>('b');
    });
    on.test.run();
    CHECK(on.order == "arbabab");
}
