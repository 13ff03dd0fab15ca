// base/lockdep.hpp: every kind of mistake is reported, and correct code is not.
#include "base/lockdep.hpp"

#include <catch2/catch.hpp>

#include <arch/irq.hpp>

#include "arch/contract/uaccess.hpp"
#include "base/irq_guard.hpp"
#include "base/irq_spinlock.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/fault.hpp"
#include "tests/host/harness.hpp"
#include "tests/host/panic.hpp"

namespace faultline {
namespace {

using Catch::Contains;
using harness::Host;

// Takes `inner` while it holds `outer`.
template <class One, class Other>
void nest(One& outer, Other& inner) {
    const Guard first(outer);
    const Guard second(inner);
}

TEST_CASE("lockdep: one order everywhere is right") {
    Host host;
    SpinLock outer("right: outer"), middle("right: middle"), inner("right: inner");
    nest(outer, middle);
    nest(middle, inner);
    CHECK_NOTHROW(nest(outer, inner));
    CHECK_NOTHROW(nest(outer, middle));
}

TEST_CASE("lockdep: two orders are reported, with both chains") {
    Host host;
    SpinLock a("orders: a"), b("orders: b"), c("orders: c");
    nest(a, b);
    nest(b, c);
    CHECK_THROWS_WITH(nest(b, a), Contains("now orders: b -> orders: a, but before orders: a -> orders: b"));
    CHECK_THROWS_WITH(nest(c, a),
                      Contains("now orders: c -> orders: a, but before orders: a -> orders: b -> orders: c"));
    SpinLock another_a("orders: a"), another_c("orders: c"); // locks of one name are of one kind
    CHECK_THROWS_AS(nest(another_c, another_a), KernelPanic);
}

TEST_CASE("lockdep: locks of one name go by their addresses") {
    Host host;
    SpinLock locks[2] = {SpinLock("one name"), SpinLock("one name")};
    CHECK_NOTHROW(nest(locks[0], locks[1]));
    CHECK_THROWS_WITH(nest(locks[1], locks[0]), Contains("not in order of their addresses"));
    {
        const BothLocked both(locks[1], locks[0]);
        CHECK((locks[0].is_locked() && locks[1].is_locked()));
    }
    CHECK_NOTHROW(BothLocked(locks[1], locks[1]));
}

TEST_CASE("lockdep: one lock twice, and one that is not held") {
    Host host;
    SpinLock lock("twice");
    {
        const Guard held(lock);
        CHECK_THROWS_WITH(lock.lock(), Contains("twice is taken twice"));
    }
    CHECK_THROWS_WITH(lock.unlock(), Contains("not held"));
}

TEST_CASE("lockdep: sleeping with a spin lock held") {
    Host host;
    SpinLock lock("held asleep"), nameless, kernel("kernel lock", lockdep::Kind::GivenUpInSleep);
    RwSemaphore semaphore("semaphore");
    {
        const Guard held(lock);
        CHECK_THROWS_WITH(schedule(), Contains("sleep with a spin lock held: held asleep"));
        // This is reported although the semaphore is free.
        CHECK_THROWS_WITH(semaphore.down_read(), Contains("sleep with a spin lock held"));
        CHECK_THROWS_WITH(semaphore.down_write(), Contains("sleep with a spin lock held"));
    }
    {
        const Guard held(nameless);
        CHECK_THROWS_WITH(schedule(), Contains("a lock without a name"));
    }
    const Guard given_up(kernel);
    const ReadGuard reading(semaphore);
    CHECK_NOTHROW(lockdep::might_sleep());
}

TEST_CASE("lockdep: sleeping locks have an order, too") {
    Host host;
    RwSemaphore outer("sleeping: outer"), inner("sleeping: inner");
    {
        const ReadGuard first(outer);
        const WriteGuard second(inner);
        CHECK_THROWS_WITH(outer.down_read(), Contains("sleeping: outer is taken twice"));
    }
    const WriteGuard second(inner);
    CHECK_THROWS_WITH(
        outer.down_read(),
        Contains("now sleeping: inner -> sleeping: outer, but before sleeping: outer -> sleeping: inner"));
}

TEST_CASE("lockdep: user memory touched with a spin lock held") {
    Host host;
    SpinLock lock("held in user access");
    const Guard held(lock);
    CHECK_THROWS_WITH(get_user_u32(UserAddr(0x10000)),
                      Contains("user memory touched with a spin lock held: held in user access"));
    CHECK_THROWS_AS(put_user_u32(UserAddr(0x10000), 1), KernelPanic);
    u32 word = 0;
    CHECK_THROWS_AS(copy_from_user(&word, UserAddr(0x10000), sizeof word), KernelPanic);
    CHECK_THROWS_AS(copy_to_user(UserAddr(0x10000), &word, sizeof word), KernelPanic);
    const PagefaultDisabled atomic; // now the access fails at once
    CHECK(get_user_u32(UserAddr(0x10000)).error() == Errno::FAULT);
}

TEST_CASE("lockdep: sleeping with interrupts masked") {
    Host host;
    const IrqGuard masked;
    CHECK_THROWS_WITH(lockdep::might_sleep(), Contains("sleep with interrupts masked"));
    const lockdep::InterruptScope interrupt;
    CHECK_THROWS_WITH(lockdep::might_sleep(), Contains("sleep in an interrupt handler"));
}

// A handler may interrupt the holder of `open` and wait for `shared`, whose holder waits for `open`.
TEST_CASE("lockdep: an interrupt between two locks closes the circle") {
    Host host;
    const auto handler_takes = [](SpinLock& lock) {
        const IrqGuard masked;
        const lockdep::InterruptScope interrupt;
        const Guard held(lock);
    };
    const auto nest_masked = [](SpinLock& outer, SpinLock& inner) {
        const IrqGuard masked;
        nest(outer, inner);
    };
    SpinLock shared("circle: shared"), open("circle: open"), masked("circle: masked");
    handler_takes(shared);
    nest_masked(shared, masked);
    {
        const Guard held(open);
    }
    CHECK_THROWS_WITH(nest_masked(shared, open),
                      Contains("now circle: shared -> circle: open, but before circle: open -> circle: shared"));
    CHECK_THROWS_WITH(
        masked.lock(),
        Contains("the holder of circle: masked may be interrupted by a handler that takes circle: shared, "
                 "but before circle: shared -> circle: masked"));
    IrqSpinLock never_open("circle: never open");
    {
        const Guard held(never_open);
    }
    {
        const IrqGuard irqs;
        const Guard outer(shared);
        CHECK_NOTHROW(Guard(never_open));
    }
    CHECK_FALSE(irqs_disabled());
}

TEST_CASE("lockdep: what an interrupt handler takes is taken with interrupts masked") {
    Host host;
    const auto handler_takes = [](SpinLock& lock) {
        const IrqGuard masked;
        const lockdep::InterruptScope interrupt;
        const Guard held(lock);
    };
    SpinLock always_masked("irq: always masked"), first_open("irq: first open"), then_open("irq: then open");
    {
        const IrqGuard masked;
        const Guard held(always_masked);
    }
    CHECK_NOTHROW(handler_takes(always_masked));
    {
        const Guard held(first_open);
    }
    CHECK_THROWS_WITH(handler_takes(first_open),
                      Contains("taken by an interrupt handler, but was taken with interrupts on"));
    handler_takes(then_open);
    CHECK_THROWS_WITH(then_open.lock(), Contains("taken with interrupts on, but was taken by an interrupt handler"));
}

} // namespace
} // namespace faultline
