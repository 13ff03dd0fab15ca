// Futex operations while other CPUs change the entry: each is done exactly once, and each ends.
#include <arch/current.hpp>
#include <linux/futex.h>

#include "interleave/preset.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"
#include "mm/aging.hpp"

namespace faultline::interleave {

namespace {

struct FutexProgram : Program {
    using Program::Program;
    UserAddr word;

    // A page of a shared mapping that both CPUs hold, read-only and clean.
    void set_up() override {
        word = map_shared();
        for (const u32 number : {1u, 0u}) {
            machine.select_cpu(number);
            read(word);
        }
    }
    Result<u32> futex(u32 op, u32 value, UserAddr second = {}, u32 third = 0) {
        return call([&] { return sys_futex(word, op | FUTEX_PRIVATE_FLAG, value, UserAddr(0), second, third); });
    }
    // *word += 1, by the kernel, with page faults disabled.
    void add_one() {
        const u32 operation = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        require(futex(FUTEX_WAKE_OP, 1, word, operation).ok(), "FUTEX_WAKE_OP has failed");
    }
};

// The first write relaxes the entry and flushes its own CPU only; the futex operation meets a stale TLB.
struct RelaxAgainstFutex : FutexProgram {
    using FutexProgram::FutexProgram;
    void cpu0() override { write(word + 4, 7); }
    void cpu1() override { add_one(); }
    void check() override { require(read(word) == 1 && read(word + 4) == 7, "an operation was lost, or done twice"); }
};

struct FutexAgainstFutex : FutexProgram {
    using FutexProgram::FutexProgram;
    void cpu(u32) override { add_one(); }
    void check() override { require(read(word) == 2, "an operation was lost, or done twice"); }
};

struct AgeAgainstFutex : FutexProgram {
    using FutexProgram::FutexProgram;
    void cpu0() override {
        call([&] { age_page_range(MmapReadGuard(mm()), word, word + PAGE_SIZE); });
    }
    void cpu1() override { add_one(); }
    void check() override { require(read(word) == 1, "the operation was lost, or done twice"); }
};

// The waiter sleeps only if the word has not changed, and a CPU that changes the word wakes the waiter. Otherwise both
// CPUs would be idle in the end, which is an error.
struct WaitAgainstWake : FutexProgram {
    using FutexProgram::FutexProgram;
    bool slept = false;
    u32 woken = 0;

    void cpu0() override {
        const auto waited = futex(FUTEX_WAIT, 0);
        slept = waited.ok();
        require(slept || waited.error() == Errno::AGAIN, "FUTEX_WAIT has failed, with an error other than EAGAIN");
    }
    void cpu1() override {
        write(word, 1);
        woken = futex(FUTEX_WAKE, 1).value();
    }
    void check() override { require(woken == (slept ? 1u : 0u), "a wake-up is lost, or one too many was counted"); }
};

// The same, but the operation that wakes also changes the word.
struct WaitAgainstWakeOp : WaitAgainstWake {
    using WaitAgainstWake::WaitAgainstWake;
    void cpu1() override {
        const u32 operation = FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        woken = futex(FUTEX_WAKE_OP, 1, word, operation).value();
    }
};

// A waiter of one word is moved to another one, if the first has not changed. Who changes the first and then wakes the second
// must find the waiter there. The third CPU waits.
struct RequeueAgainstWake : FutexProgram {
    using FutexProgram::FutexProgram;
    UserAddr target; // in another bucket
    u32 moved = 0, woken = 0;
    bool over = false, tried = false;

    FutexHashBucket& bucket_of(UserAddr address) {
        return futex_hash(FutexKey::of_mm(FutexKey::Kind::PrivateMm, mm(), address));
    }
    u32 wake(UserAddr address) {
        return call([&] { return sys_futex(address, FUTEX_WAKE_PRIVATE, 1, UserAddr(0), UserAddr(0), 0); }).value();
    }
    void set_up() override {
        FutexProgram::set_up();
        for (target = word + 4; &bucket_of(target) == &bucket_of(word);)
            target = target + 4;
    }
    void cpu0() override {
        spin_until([&] { return bucket_of(word).nr_waiters != 0 || over; });
        const auto requeued =
            call([&] { return sys_futex(word, FUTEX_CMP_REQUEUE_PRIVATE, 0, UserAddr(1), target, 0); });
        require(requeued.ok() || requeued.error() == Errno::AGAIN,
                "FUTEX_CMP_REQUEUE has failed, with an error other than EAGAIN");
        moved = requeued.ok() ? requeued.value() : 0;
        tried = true;
    }
    void cpu1() override {
        write(word, 1);
        woken = wake(target);
        spin_until([&] { return tried; });
        wake(word); // if the waiter was not moved
        wake(target);
    }
    void cpu2() override {
        const auto waited = futex(FUTEX_WAIT, 0);
        require(waited.ok() || waited.error() == Errno::AGAIN,
                "FUTEX_WAIT has failed, with an error other than EAGAIN");
        over = true;
    }
    void check() override { require(moved == woken, "a waiter that was moved is not woken"); }
};

// One of two words is woken while the waiter is still being queued for the other: that wake-up must not be undone.
struct WaitvAgainstTwoWakes : FutexProgram {
    using FutexProgram::FutexProgram;
    u32 woken = 0;

    void set_up() override {
        FutexProgram::set_up();
        machine.select_cpu(0);
        for (u32 i = 0; i < 2; ++i) { // struct futex_waitv: value, address, flags
            const UserAddr entry = list() + 24 * i;
            write(entry, 0);
            write(entry + 8, (word + 4 * i).value());
            write(entry + 16, FUTEX_32 | FUTEX_PRIVATE_FLAG);
        }
    }
    UserAddr list() { return word + 64; }
    void cpu0() override {
        const auto waited = call([&] { return sys_futex_waitv(list(), 2, 0, UserAddr(0), 1); });
        require(waited.ok() || waited.error() == Errno::AGAIN, "the wait has failed, with an error other than EAGAIN");
    }
    void cpu1() override {
        write(word, 1);
        woken = futex(FUTEX_WAKE, 1).value();
    }
    void check() override { require(woken <= 1, "more waiters were woken than there are"); }
};

// The heir of a PI lock is chosen. Before it owns the lock, another waiter becomes more urgent. The last two of four
// CPUs wait for the lock.
struct UnlockPiAgainstPriority : FutexProgram {
    using FutexProgram::FutexProgram;
    bool owned = false, both_wait = false;

    void set_up() override {
        FutexProgram::set_up();
        machine.select_cpu(0);
        write(word, 1); // the first task has it
        for (u32 cpu = 2; cpu < 4; ++cpu)
            task(cpu).prio = task(cpu).normal_prio = 50 + static_cast<s32>(cpu);
    }
    void take_and_give() {
        require(futex(FUTEX_LOCK_PI, 0).ok(), "FUTEX_LOCK_PI has failed");
        require(!owned, "the lock has two owners");
        owned = true;
        require((read(word) & FUTEX_TID_MASK) == static_cast<u32>(current()->pid),
                "the word does not name the owner of the lock");
        owned = false;
        require(futex(FUTEX_UNLOCK_PI, 0).ok(), "FUTEX_UNLOCK_PI has failed");
    }
    void cpu0() override {
        spin_until([&] { return waits_for_pi_lock(2) && waits_for_pi_lock(3); });
        both_wait = true;
        require(futex(FUTEX_UNLOCK_PI, 0).ok(), "FUTEX_UNLOCK_PI has failed");
    }
    void cpu1() override {
        spin_until([&] { return both_wait; });
        call([&] {
            task(3).normal_prio = 10;
            rt_mutex_adjust_pi(task(3));
        });
    }
    void cpu2() override { take_and_give(); }
    void check() override { require((read(word) & FUTEX_TID_MASK) == 0, "the lock is not free at the end"); }
};

// A task that finds an owner in its exit waits for the end of that exit, however soon it comes.
struct LockPiAgainstExit : FutexProgram {
    using FutexProgram::FutexProgram;

    void set_up() override {
        FutexProgram::set_up();
        machine.select_cpu(1);
        write(word, 2); // the second task has it
    }
    void cpu0() override {
        const auto locked = futex(FUTEX_LOCK_PI, 0);
        require(locked.ok() || locked.error() == Errno::SRCH, "the lock was neither inherited nor refused with ESRCH");
    }
    void cpu1() override {
        task(1).exiting = true;
        call([&] { futex_exit(task(1)); });
    }
    void check() override {}
};

// The owner becomes another program and does not exit. What it gives up then, by its robust list, it must also give to
// tasks that looked at the lock before. No other task would wake them.
struct LockPiAgainstExec : LockPiAgainstExit {
    using LockPiAgainstExit::LockPiAgainstExit;

    void set_up() override {
        LockPiAgainstExit::set_up();
        const UserAddr head = word + 64, entry = head + sizeof(RobustListHead);
        write(entry, head.value());
        write(head + offsetof(RobustListHead, next), entry.value() | 1); // a PI lock's
        write(head + offsetof(RobustListHead, futex_offset), word.value() - entry.value());
        task(1).robust_list = head;
    }
    void cpu0() override { require(futex(FUTEX_LOCK_PI, 0).ok(), "the lock was not inherited"); }
    void cpu1() override {
        call([&] { futex_exit(task(1)); });
    }
    void check() override {
        require((read(word) & ~u32{FUTEX_WAITERS}) == (FUTEX_OWNER_DIED | 1),
                "the first task does not have the lock after the death of its owner");
    }
};

} // namespace

static constexpr Preset PRESETS[] = {
    preset<RelaxAgainstFutex>("relax against futex",
                              "A write relaxes an entry, and a futex operation meets a TLB that is behind",
                              {.preemptions = 3}),
    preset<FutexAgainstFutex>("futex against futex", "Two FUTEX_WAKE_OP on one clean page: each is done once",
                              {.preemptions = 3, .is_long = true}),
    preset<AgeAgainstFutex>("age against futex", "A FUTEX_WAKE_OP while ageing takes the young bit away: done once",
                            {.preemptions = 3}),
    preset<WaitAgainstWake>("wait against wake", "FUTEX_WAIT against a write and FUTEX_WAKE: no wake-up is lost",
                            {.preemptions = 3}),
    preset<WaitAgainstWakeOp>("wait against wake_op", "FUTEX_WAIT against a FUTEX_WAKE_OP that changes the word",
                              {.preemptions = 3}),
    preset<RequeueAgainstWake, 3>("requeue against wake",
                                  "A waiter is moved to another word, while that word is woken: no wake-up is lost",
                                  {.preemptions = 2}),
    preset<WaitvAgainstTwoWakes>("waitv against wake",
                                 "One of two words is woken while its waiter is still being queued for the other",
                                 {.preemptions = 2}),
    preset<UnlockPiAgainstPriority, 4>("unlock_pi against priority",
                                       "The heir of a PI lock is chosen, and another waiter becomes more urgent",
                                       {.preemptions = 1, .is_long = true}),
    preset<LockPiAgainstExit>("lock_pi against exit", "FUTEX_LOCK_PI while the owner exits", {.preemptions = 3}),
    preset<LockPiAgainstExec>("lock_pi against exec", "FUTEX_LOCK_PI while the owner becomes another program",
                              {.preemptions = 3, .is_long = true}),
};
const std::span<const Preset> FUTEX_PROGRAMS = PRESETS;

} // namespace faultline::interleave
