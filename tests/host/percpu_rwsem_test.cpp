// The mmap lock's hand-over among writers, in one order that no schedule with few preemptions has: the directed part of
// what interleave/programs/lock.cpp explores.
#include <catch2/catch.hpp>

#include <string>

#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/percpu_rwsem.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr s32 LOW = 10, MIDDLE = 50, HIGH = 60;

void set_priority(Task& task, s32 priority) {
    set_policy(task, SCHED_FIFO, priority, 0);
    rt_mutex_adjust_pi(task); // queues it anew
}

// Runs a task until it sleeps. The caller has the priority MIDDLE; the others must be LOW.
void let_run(Task& task) {
    set_priority(task, HIGH);
    yield();
    set_priority(task, LOW);
}

} // namespace

// Two writers have been overtaken, and the lock is handed over to the first. Before it has noticed, the second comes to
// wait: what it took was the first one's, which then waited for ever.
TEST_CASE("PercpuRwSemaphore: what is handed over to one overtaken writer is not another's") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    PercpuRwSemaphore lock("a semaphore under test");
    std::string order;
    const auto write = [&](char name) {
        return [&, name] {
            const WriteGuard guard(lock);
            order += name;
        };
    };
    Task& first = test.spawn(mm, write('1'));
    Task& second = test.spawn(mm, write('2'));
    Task& third = test.spawn(mm, write('3'));
    Task& holder = test.spawn(mm, [&] {
        lock.down_write();
        let_run(first);
        let_run(second);
        lock.up_write(); // wakes the first
        lock.down_write();
        let_run(third);
        lock.up_write(); // wakes the second
        lock.down_write();
        let_run(first);  // finds that it was overtaken
        lock.up_write(); // to the first
        let_run(second); // finds the same
        order += 'h';
    });
    for (Task* task : {&first, &second, &third})
        set_priority(*task, LOW);
    set_priority(holder, MIDDLE);
    test.run();
    CHECK(order == "h123");
    CHECK(!lock.is_locked());
}
