// Contexts of the modelled machine: executions that take turns.
#include <catch2/catch.hpp>

#include <arch/context.hpp>
#include <arch/current.hpp>
#include <arch/irq.hpp>

#include <string>

#include "arch/model/machine.hpp"
#include "base/irq_guard.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

struct Player {
    CpuContext self = {};
    CpuContext* next = nullptr;
    std::string* log = nullptr;
    char name = '?';
    int turns = 0;
};

[[noreturn]] void play(void* argument) {
    auto& player = *static_cast<Player*>(argument);
    for (;;) {
        *player.log += player.name;
        ++player.turns;
        switch_to(player.self, *player.next);
    }
}

// Records that its scope was left.
struct Farewell {
    bool& said;
    ~Farewell() { said = true; }
};

} // namespace

TEST_CASE("context: executions take turns in exactly the order of the switches") {
    const Machine machine;
    std::string log;
    CpuContext main;
    Player a{.log = &log, .name = 'a'}, b{.log = &log, .name = 'b'};
    a.next = &b.self;
    b.next = &main;
    init_context(a.self, nullptr, play, &a);
    init_context(b.self, nullptr, play, &b);
    for (int round = 0; round < 100; ++round) {
        switch_to(main, a.self);
        log += '.';
    }
    CHECK(log.size() == 300);
    CHECK(log.substr(0, 9) == "ab.ab.ab.");
    CHECK(a.turns == 100);
}

TEST_CASE("context: what is suspended when the machine goes is unwound") {
    static bool unwound, started;
    unwound = started = false;
    static CpuContext main, suspended, never;
    {
        const Machine machine;
        main = suspended = never = {};
        init_context(
            suspended, nullptr,
            [](void*) {
                const Farewell farewell{unwound};
                switch_to(suspended, main);
            },
            nullptr);
        init_context(never, nullptr, [](void*) { started = true; }, nullptr);
        switch_to(main, suspended);
        CHECK_FALSE(unwound);
    }
    CHECK(unwound);
    CHECK_FALSE(started);
}

TEST_CASE("context: an exception in one of them reaches the test") {
    const Machine machine;
    CpuContext main, thrower;
    init_context(thrower, nullptr, [](void*) { throw std::runtime_error("from a task"); }, nullptr);
    CHECK_THROWS_WITH(switch_to(main, thrower), "from a task");
}

TEST_CASE("context: misuse is an error") {
    const Machine machine;
    CpuContext main, uninitialised, returns;
    CHECK_THROWS(switch_to(main, uninitialised));
    init_context(returns, nullptr, [](void*) {}, nullptr);
    CHECK_THROWS(switch_to(main, returns));
}

TEST_CASE("context: each CPU has its current task") {
    Machine machine({.cpus = 2});
    int a = 0, b = 0;
    set_current(reinterpret_cast<Task*>(&a));
    machine.select_cpu(1);
    CHECK(current() == nullptr);
    set_current(reinterpret_cast<Task*>(&b));
    machine.select_cpu(0);
    CHECK(current() == reinterpret_cast<Task*>(&a));
}

TEST_CASE("context: an idle CPU advances to the timer, and one that nothing will wake is an error") {
    Machine machine;
    int rings = 0;
    machine.on_timer = [&] { ++rings; };
    machine.timer_deadline_ns = 70;
    wait_for_interrupt();
    CHECK(machine.clock_ns == 70);
    CHECK(rings == 1);
    CHECK_THROWS(wait_for_interrupt());
}

TEST_CASE("context: interrupt guards nest") {
    const Machine machine;
    local_irq_enable();
    {
        const IrqGuard outer;
        CHECK(irqs_disabled());
        {
            const IrqGuard inner;
        }
        CHECK(irqs_disabled());
    }
    CHECK_FALSE(irqs_disabled());
}
