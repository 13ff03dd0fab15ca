// Futex operations against those who change the entry under them: each is done exactly once, and none for ever.
#include <catch2/catch.hpp>

#include <linux/futex.h>

#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"
#include "mm/aging.hpp"
#include "tests/interleave/explore.hpp"

using namespace faultline;
using namespace faultline::interleave;

namespace {

struct FutexProgram : Program {
    using Program::Program;
    UserAddr word;

    // A page of a shared mapping that both CPUs hold, read-only and clean.
    void set_up() override {
        futex_init();
        set_fault_in_policy(FaultIn::Fixup);
        livelock_rounds = 50;
        word = map_shared();
        for (const u32 number : {1u, 0u}) {
            machine.select_cpu(number);
            read(word);
        }
    }
    Result<u32> futex(u32 op, u32 value, UserAddr second = {}, u32 third = 0) {
        return call(
            [&] { return sys_futex(word, op | FUTEX_PRIVATE_FLAG, value, UserAddr(0), second, third); });
    }
    // *word += 1, by the kernel, with page faults disabled.
    void add_one() {
        const u32 operation = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        require(futex(FUTEX_WAKE_OP, 1, word, operation).ok(), "WAKE_OP");
    }
};

// The first write relaxes the entry and flushes its own CPU only; the futex operation meets a stale TLB.
struct RelaxAgainstFutex : FutexProgram {
    using FutexProgram::FutexProgram;
    void cpu0() override { write(word + 4, 7); }
    void cpu1() override { add_one(); }
    void check() override { require(read(word) == 1 && read(word + 4) == 7, "both were done, once"); }
};

struct FutexAgainstFutex : FutexProgram {
    using FutexProgram::FutexProgram;
    void cpu(u32) override { add_one(); }
    void check() override { require(read(word) == 2, "both were done, once"); }
};

struct AgeAgainstFutex : FutexProgram {
    using FutexProgram::FutexProgram;
    void cpu0() override {
        call([&] {
            const ReadGuard guard(mm().mmap_lock);
            age_page_range(mm(), word, word + PAGE_SIZE);
        });
    }
    void cpu1() override { add_one(); }
    void check() override { require(read(word) == 1, "done once"); }
};

// The waiter sleeps only if nobody has changed the word, and whoever changes it wakes the waiter: else both CPUs would
// be idle in the end, which is an error.
struct WaitAgainstWake : FutexProgram {
    using FutexProgram::FutexProgram;
    bool slept = false;
    u32 woken = 0;

    void cpu0() override {
        const auto waited = futex(FUTEX_WAIT, 0);
        slept = waited.ok();
        require(slept || waited.error() == Errno::AGAIN, "woken, or the word had changed");
    }
    void cpu1() override {
        write(word, 1);
        woken = futex(FUTEX_WAKE, 1).value();
    }
    void check() override { require(woken == (slept ? 1u : 0u), "woken as often as asleep"); }
};

// The same with the word changed by the operation that wakes.
struct WaitAgainstWakeOp : WaitAgainstWake {
    using WaitAgainstWake::WaitAgainstWake;
    void cpu1() override {
        const u32 operation = FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        woken = futex(FUTEX_WAKE_OP, 1, word, operation).value();
    }
};

} // namespace

TEST_CASE("interleave: relax against futex") { explore(make<RelaxAgainstFutex>, 3); }
TEST_CASE("interleave: futex against futex") { explore(make<FutexAgainstFutex>, 3); }
TEST_CASE("interleave: age against futex") { explore(make<AgeAgainstFutex>, 3); }
TEST_CASE("interleave: wait against wake") { explore(make<WaitAgainstWake>, 3); }
TEST_CASE("interleave: wait against wake_op") { explore(make<WaitAgainstWakeOp>, 3); }
