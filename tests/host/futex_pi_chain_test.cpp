// Priority inheritance: what waiters lend to owners, along chains of locks, and when the loan ends.
#include <array>
#include <catch2/catch.hpp>
#include <numeric>

#include "arch/contract/clock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

constexpr u32 WAITERS = FUTEX_WAITERS, OWNER_DIED = FUTEX_OWNER_DIED;
constexpr u32 LOCK = FUTEX_LOCK_PI | PRIVATE, LOCK2 = FUTEX_LOCK_PI2 | PRIVATE, UNLOCK = FUTEX_UNLOCK_PI | PRIVATE;

void set_fifo(Task& task, s32 rt_priority) {
    set_policy(task, rt_priority != 0 ? SCHED_FIFO : SCHED_NORMAL, rt_priority, task.nice);
    rt_mutex_adjust_pi(task);
}

s32 rt(s32 rt_priority) { return 99 - rt_priority; } // on the scale of Task::prio

// Lets every task run that can, whatever its priority: sleeps a moment on the modelled clock.
void let_all_run() {
    current()->state = TaskState::Uninterruptible;
    schedule_until(clock_ns() + 1000);
}

// Task i of N owns lock i and waits for lock i − 1; task 0 only owns. All but the last are of SCHED_OTHER.
template <std::size_t N>
struct Chain {
    explicit Chain(FutexHost& host) : test(host), mm(host.new_mm()), words(FutexHost::map_private(mm)) {}

    UserAddr word(std::size_t i) const { return words + static_cast<u32>(64 * i); }
    UserAddr gate() const { return words + 2048; }

    void spawn() {
        for (std::size_t i = 0; i < N; ++i)
            tasks[i] = &test.spawn(mm, [this, i] {
                CHECK(futex(LOCK, word(i)).ok());
                if (i == 0)
                    CHECK(futex(FUTEX_WAIT | PRIVATE, gate(), 0).ok());
                else
                    CHECK(futex(LOCK, word(i - 1)).ok());
                prio_when_done[i] = current()->prio;
                if (i != 0)
                    CHECK(futex(UNLOCK, word(i - 1)).ok());
                CHECK(futex(UNLOCK, word(i)).ok());
                CHECK(current()->prio == current()->normal_prio);
            });
    }
    std::array<s32, N> prios() const {
        std::array<s32, N> now;
        for (std::size_t i = 0; i < N; ++i)
            now[i] = tasks[i]->prio;
        return now;
    }

    FutexHost& test;
    MmStruct& mm;
    UserAddr words;
    std::array<Task*, N> tasks{};
    std::array<s32, N> prio_when_done{};
};

constexpr s32 PLAIN = DEFAULT_PRIO;

} // namespace

TEST_CASE("boosting goes along a chain of four locks, follows changes, and is undone at each unlock") {
    FutexHost test;
    Chain<4> chain(test);
    chain.spawn();
    using Prios = std::array<s32, 4>;
    test.spawn(chain.mm, [&] {
        let_all_run();
        CHECK(chain.prios() == Prios{PLAIN, PLAIN, PLAIN, PLAIN});
        set_fifo(*chain.tasks[3], 50);
        CHECK(chain.prios() == Prios{rt(50), rt(50), rt(50), rt(50)});
        set_fifo(*chain.tasks[1], 60);
        CHECK(chain.prios() == Prios{rt(60), rt(60), rt(50), rt(50)});
        set_fifo(*chain.tasks[1], 40);
        CHECK(chain.prios() == Prios{rt(50), rt(50), rt(50), rt(50)});
        set_fifo(*chain.tasks[3], 30);
        CHECK(chain.prios() == Prios{rt(40), rt(40), rt(30), rt(30)});
        CHECK(chain.tasks[0]->policy == SCHED_NORMAL); // it is lent a priority, not a policy
        CHECK(chain.tasks[0]->normal_prio == PLAIN);
        CHECK(futex(FUTEX_WAKE | PRIVATE, chain.gate(), 1).value() == 1);
    });
    test.run();
    // When each got the lock before it, it had the priority that the tasks behind it lent.
    CHECK(chain.prio_when_done == Prios{rt(40), rt(40), rt(30), rt(30)});
}

TEST_CASE("a waiter that comes boosts the whole chain; one that gives up takes its loan along") {
    FutexHost test;
    Chain<3> chain(test);
    chain.spawn();
    using Prios = std::array<s32, 3>;
    const bool by_signal = GENERATE(false, true);
    const UserAddr time = chain.words + 3072;
    test.spawn(chain.mm, [&] {
        let_all_run();
        test.store(time, 1);
        test.store(time + 4, 0);
        Task& waiter = test.spawn(chain.mm, [&] {
            const auto result = futex(LOCK2, chain.word(2), 0, by_signal ? 0 : time.value());
            CHECK(result.error() == (by_signal ? Errno::RESTARTNOINTR : Errno::TIMEDOUT));
            CHECK(chain.prios() == Prios{PLAIN, PLAIN, PLAIN});
            CHECK(current()->pi_blocked_on == nullptr);
            test.host.fatal_signal = false;
        });
        set_fifo(waiter, 80);
        let_all_run();
        CHECK(chain.prios() == Prios{rt(80), rt(80), rt(80)});
        if (by_signal) {
            test.host.fatal_signal = true;
            wake_up_process(waiter);
        }
        current()->state = TaskState::Uninterruptible;
        schedule_until(2 * NSEC_PER_SEC);
        CHECK(chain.prios() == Prios{PLAIN, PLAIN, PLAIN});
        CHECK(futex(FUTEX_WAKE | PRIVATE, chain.gate(), 1).value() == 1);
    });
    test.run();
}

TEST_CASE("an owner of several locks has the best of all loans, and keeps the rest at each unlock") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm), other = word + 64;
    std::string order;
    Task& owner = test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).ok());
        CHECK(futex(LOCK, other).ok());
        let_all_run();
        CHECK(current()->prio == rt(9));
        CHECK(futex(UNLOCK, word).ok());
        CHECK(current()->prio == rt(5));
        CHECK(current()->need_resched);
        cond_resched();
        CHECK(futex(UNLOCK, other).ok());
        CHECK(current()->prio == PLAIN);
        cond_resched();
        order += 'o';
    });
    const auto waiter = [&](UserAddr at, s32 priority) {
        set_fifo(test.spawn(mm,
                            [&, at, priority] {
                                CHECK(futex(LOCK, at).ok());
                                order += static_cast<char>('0' + priority);
                                CHECK(futex(UNLOCK, at).ok());
                            }),
                 priority);
    };
    test.spawn(mm, [&] { // runs when the owner sleeps
        waiter(word, 3);
        waiter(word, 9);
        waiter(other, 5);
        waiter(word, 3);
    });
    test.run();
    CHECK(order == "9533o"); // the lock goes to the most urgent, and the heirs run before the plain owner
    CHECK(owner.pi_states == nullptr);
}

TEST_CASE("the heir of a lock is lent what the other waiters have") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    const bool dies = GENERATE(false, true);
    Task* heir = nullptr;
    test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).ok());
        let_all_run();
        if (dies) {
            current()->exiting = true;
            futex_exit(*current());
        } else {
            CHECK(futex(UNLOCK, word).ok());
        }
        CHECK(current()->prio == PLAIN);
        // The most urgent waiter got the lock. Lowering its priority now does not take the lock back.
        CHECK(heir->prio == rt(20));
        set_fifo(*heir, 1);
        CHECK(heir->prio == rt(10));
    });
    heir = &test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).value() == 0);
        CHECK(test.load(word) == (static_cast<u32>(current()->pid) | WAITERS | (dies ? OWNER_DIED : 0)));
        CHECK(current()->prio == rt(10));
        CHECK(futex(UNLOCK, word).ok());
        CHECK(current()->prio == rt(1));
    });
    Task& second = test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).value() == 0);
        CHECK(futex(UNLOCK, word).ok());
    });
    test.spawn(mm, [&] {
        set_fifo(*heir, 20);
        set_fifo(second, 10);
    });
    test.run();
}

TEST_CASE("nice values are lent too, but decide nothing among waiters") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    std::string order;
    Task& owner = test.spawn(mm, [&] {
        CHECK(futex(LOCK, word).ok());
        let_all_run();
        CHECK(current()->prio == PLAIN - 5); // the priority of the first in the queue
        CHECK(futex(UNLOCK, word).ok());
    });
    for (const s32 nice : {-5, -10, 0}) {
        Task& task = test.spawn(mm, [&, nice] {
            CHECK(futex(LOCK, word).ok());
            order += std::to_string(nice) + ' ';
            CHECK(futex(UNLOCK, word).ok());
        });
        set_policy(task, SCHED_NORMAL, 0, nice);
        rt_mutex_adjust_pi(task);
    }
    test.run();
    CHECK(order == "-5 -10 0 ");
    CHECK(owner.prio == PLAIN);
}
