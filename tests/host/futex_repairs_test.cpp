// Each repair of fault_in= against each way in which an entry can refuse a write that the program may make, through
// each operation that writes in atomic context. The loop that hangs and the loop that passes are the same loop.
#include <catch2/catch.hpp>

#include <arch/current.hpp>

#include "arch/model/with_tlb_config.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

enum class State { Clean, Old, Stale, ReadOnly };
enum class Op { WakeOp, LockPi, TrylockPi, UnlockPi, RobustExit };

constexpr const char* STATE_NAMES[] = {"clean", "old", "stale", "read-only"};
constexpr const char* OP_NAMES[] = {"WAKE_OP", "LOCK_PI", "TRYLOCK_PI", "UNLOCK_PI", "robust exit"};

u32 tid() { return static_cast<u32>(current()->pid); }

// A thread of the same program on another CPU writes: the entry becomes dirty, and only that CPU's TLB is flushed.
void write_on_cpu_1(FutexHost& test, MmStruct& mm, UserAddr word) {
    Task* task = current();
    const WithTlbRelax lazy(TlbRelax::Lazy);
    test.host.machine.select_cpu(1);
    set_current(task);
    switch_mm(&mm.context);
    test.store(word, 0);
    switch_mm(nullptr);
    set_current(nullptr);
    test.host.machine.select_cpu(0);
}

UserAddr prepare(FutexHost& test, MmStruct& mm, State state) {
    const UserAddr word = FutexHost::map_shared(mm, state == State::ReadOnly ? PROT_READ : FutexHost::RW);
    if (state == State::Old)
        test.store(word, 0);
    else
        test.load(word);
    if (state == State::Old)
        FutexHost::age(mm);
    if (state == State::Stale)
        write_on_cpu_1(test, mm, word);
    return word;
}

void exit_holding(FutexHost& test, UserAddr list, UserAddr word) {
    test.store(list, (list + 64).value());
    test.store(list + 64, list.value());
    test.store(list + 4, word - (list + 64));
    test.store(list + 8, 0);
    CHECK(sys_set_robust_list(list, 12).ok());
    exit_robust_list(*current());
}

// Runs the operation on a word that holds what it needs. Returns whether it reported success (an exit always does).
bool perform(FutexHost& test, MmStruct& mm, Op op, UserAddr word, UserAddr list) {
    u32& memory = FutexHost::word(mm, word);
    memory = op == Op::UnlockPi || op == Op::RobustExit ? tid() : 0;
    switch (op) {
    case Op::WakeOp:
        return futex(FUTEX_WAKE_OP | PRIVATE, list, 1, 1, word, ADD_1).ok();
    case Op::LockPi:
        return futex(FUTEX_LOCK_PI | PRIVATE, word).ok();
    case Op::TrylockPi:
        return futex(FUTEX_TRYLOCK_PI | PRIVATE, word).ok();
    case Op::UnlockPi:
        return futex(FUTEX_UNLOCK_PI | PRIVATE, word).ok();
    case Op::RobustExit:
        exit_holding(test, list, word);
        return true;
    }
    return false;
}

u32 value_after(Op op) {
    switch (op) {
    case Op::WakeOp:
        return 1;
    case Op::LockPi:
    case Op::TrylockPi:
        return 1; // the thread id
    case Op::UnlockPi:
        return 0;
    case Op::RobustExit:
        return FUTEX_OWNER_DIED;
    }
    return 0;
}

// UNLOCK_PI and the robust walk read the word first, by a plain user read whose fault is handled.
bool reads_first(Op op) { return op == Op::UnlockPi || op == Op::RobustExit; }

bool hangs(FaultIn repair, State state, Op op) {
    switch (state) {
    case State::Old:
        if (reads_first(op))
            return false;
        [[fallthrough]];
    case State::Clean:
        return repair == FaultIn::Gup;
    case State::Stale:
        return repair == FaultIn::Gup || repair == FaultIn::GupDirty;
    case State::ReadOnly:
        return repair == FaultIn::Fixup2011;
    }
    return false;
}

// How often fault_in_user_writeable is called where nothing hangs.
u64 calls(FaultIn repair, State state, Op op) {
    if (state == State::ReadOnly)
        return 1;
    if (repair == FaultIn::Trap || (state == State::Old && reads_first(op)))
        return 0;
    return 1;
}

void one_cell(FaultIn repair, State state, Op op) {
    CAPTURE(fault_in_name(repair), STATE_NAMES[static_cast<int>(state)], OP_NAMES[static_cast<int>(op)]);
    FutexHost test({.cpus = 2});
    set_fault_in_policy(repair);
    livelock_policy = LivelockPolicy::Halt;
    MmStruct& mm = test.new_mm();
    const UserAddr list = FutexHost::map_private(mm);
    test.run(mm, [&] {
        const UserAddr word = prepare(test, mm, state);
        const Pte before = FutexHost::entry(mm, word);
        bool success = false;
        const auto status = exit_status([&] { success = perform(test, mm, op, word, list); });
        const u32 after = FutexHost::word(mm, word);
        if (hangs(repair, state, op)) {
            CHECK(status == LIVELOCK_STATUS);
            CHECK(test.faultins() == 1002); // the first round, the first look, and a thousand that saw the same
            if (state != State::ReadOnly)
                CHECK(FutexHost::entry(mm, word) == before);
            CHECK_THAT(test.console, Catch::Contains(std::string("cause    ") + STATE_NAMES[static_cast<int>(state)]));
            CHECK_THAT(test.console, Catch::Contains("\nfaultline: livelock: "));
            CHECK_THAT(test.console, Catch::Contains(state == State::Stale ? "its TLB entry stayed stale"
                                                                           : "its page-table entry stayed "));
            return;
        }
        CHECK_FALSE(status.has_value());
        CHECK(test.faultins() == calls(repair, state, op));
        if (state == State::ReadOnly) {
            CHECK(success == (op == Op::RobustExit));
            CHECK(after == (reads_first(op) ? tid() : 0));
        } else {
            CHECK(success);
            CHECK(after == value_after(op));
        }
        CHECK(test.console.empty());
    });
}

} // namespace

TEST_CASE("repairs: every repair, every state of the entry, every operation") {
    for (const FaultIn repair : {FaultIn::Gup, FaultIn::GupDirty, FaultIn::Fixup2011, FaultIn::Fixup, FaultIn::Trap})
        for (const State state : {State::Clean, State::Old, State::Stale, State::ReadOnly})
            for (const Op op : {Op::WakeOp, Op::LockPi, Op::TrylockPi, Op::UnlockPi, Op::RobustExit})
                one_cell(repair, state, op);
}

TEST_CASE("repairs: the original report, on either side of the fix") {
    const auto repair = GENERATE(FaultIn::Gup, FaultIn::Fixup);
    FutexHost test;
    set_fault_in_policy(repair);
    livelock_policy = LivelockPolicy::Halt;
    MmStruct& parent = test.new_mm();
    const UserAddr mutex = FutexHost::map_shared(parent);
    test.spawn(parent, [&] { // 1 locks in user space
        test.store(mutex, tid());
        schedule();
        if (repair == FaultIn::Fixup)
            CHECK(futex(FUTEX_UNLOCK_PI, mutex).ok());
    });
    MmStruct& child = test.fork(parent);
    test.spawn(child, [&] { // 2: the compare-and-swap reads, fails without a store, and calls the kernel
        CHECK(test.load(mutex) == 1);
        bool locked = false;
        const auto status = exit_status([&] { locked = futex(FUTEX_LOCK_PI, mutex).ok(); });
        CHECK(locked == !status.has_value());
        CHECK(status.has_value() == (repair == FaultIn::Gup));
        if (!status)
            CHECK(test.load(mutex) == (2 | FUTEX_WAITERS));
        CHECK(test.faultins() == (status ? 1002 : 1));
    });
    test.run();
}

TEST_CASE("repairs: calls on absent, written and copy-on-write pages, as Linux counts them") {
    struct Row {
        const char* name;
        bool shared_mapping;
        bool forked;
        char child_first; // 'r'ead, 'w'rite or '-'
        u32 op;
        u64 calls;
    };
    const Row rows[] = {
        {"shared, forked, untouched, WAKE_OP", true, true, '-', FUTEX_WAKE_OP, 0},
        {"shared, forked, untouched, WAKE_OPp", true, true, '-', FUTEX_WAKE_OP | PRIVATE, 1},
        {"shared, forked, untouched, LOCK_PI", true, true, '-', FUTEX_LOCK_PI, 0},
        {"shared, forked, untouched, TRYLOCK_PI", true, true, '-', FUTEX_TRYLOCK_PI, 0},
        {"shared, forked, read, WAKE_OP", true, true, 'r', FUTEX_WAKE_OP, 1},
        {"shared, forked, read, WAKE_OPp", true, true, 'r', FUTEX_WAKE_OP | PRIVATE, 1},
        {"shared, forked, read, LOCK_PI", true, true, 'r', FUTEX_LOCK_PI, 1},
        {"shared, forked, read, TRYLOCK_PI", true, true, 'r', FUTEX_TRYLOCK_PI, 1},
        {"shared, forked, written, WAKE_OP", true, true, 'w', FUTEX_WAKE_OP, 0},
        {"shared, forked, written, LOCK_PI", true, true, 'w', FUTEX_LOCK_PI, 0},
        {"zero page, WAKE_OP", false, false, 'r', FUTEX_WAKE_OP, 0},
        {"zero page, WAKE_OPp", false, false, 'r', FUTEX_WAKE_OP | PRIVATE, 1},
        {"copy on write, WAKE_OP", false, true, '-', FUTEX_WAKE_OP, 0},
        {"copy on write, WAKE_OPp", false, true, '-', FUTEX_WAKE_OP | PRIVATE, 1},
        {"copy on write, read, LOCK_PIp", false, true, 'r', FUTEX_LOCK_PI | PRIVATE, 1},
        {"copy on write, written, LOCK_PIp", false, true, 'w', FUTEX_LOCK_PI | PRIVATE, 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        FutexHost test;
        MmStruct& parent = test.new_mm();
        const UserAddr word = row.shared_mapping ? FutexHost::map_shared(parent) : FutexHost::map_private(parent);
        if (row.forked)
            test.run(parent, [&] { test.store(word, 0); });
        MmStruct& mm = row.forked ? test.fork(parent) : parent;
        test.run(mm, [&] {
            if (row.child_first == 'r')
                test.load(word);
            if (row.child_first == 'w')
                test.store(word, 0);
            const bool counts = (row.op & ~PRIVATE) == FUTEX_WAKE_OP; // for the others val2 would be a timeout
            CHECK(futex(row.op, word, 1, counts ? 1 : 0, word, ADD_1).ok());
            CHECK(test.faultins() == row.calls);
            CHECK(test.load(word) != 0);
        });
    }
}

TEST_CASE("repairs: on rows that pass on Linux nothing hangs with get_user_pages either") {
    FutexHost test;
    set_fault_in_policy(FaultIn::Gup);
    livelock_policy = LivelockPolicy::Halt;
    MmStruct& parent = test.new_mm();
    const UserAddr shared = FutexHost::map_shared(parent), own = FutexHost::map_private(parent);
    test.run(parent, [&] { test.store(own, 0); });
    MmStruct& mm = test.fork(parent);
    test.run(mm, [&] {
        CHECK(futex(FUTEX_WAKE_OP | PRIVATE, shared, 1, 1, shared, ADD_1).ok()); // absent
        CHECK(futex(FUTEX_WAKE_OP | PRIVATE, own, 1, 1, own, ADD_1).ok());       // copy on write
        FutexHost::age(mm);
        CHECK(futex(FUTEX_WAIT | PRIVATE, own, 0).error() == Errno::AGAIN);
        FutexHost::age(mm);
        CHECK(futex(FUTEX_WAKE | PRIVATE, own, 1).value() == 0);
        CHECK(futex(FUTEX_CMP_REQUEUE | PRIVATE, own, 1, 1, own + 4, 1).value() == 0);
        FutexHost::age(mm);
        FutexHost::word(mm, own) = tid();
        CHECK(futex(FUTEX_UNLOCK_PI | PRIVATE, own).ok());
        CHECK(test.faultins() == 2);
    });
}

TEST_CASE("fault_in=: names and their meaning") {
    for (const FaultIn policy : {FaultIn::Gup, FaultIn::GupDirty, FaultIn::Fixup2011, FaultIn::Fixup, FaultIn::Trap}) {
        FaultIn parsed = FaultIn::Fixup;
        CHECK(parse_fault_in(fault_in_name(policy), parsed));
        CHECK(parsed == policy);
    }
    FaultIn untouched = FaultIn::GupDirty;
    for (const char* bad : {"", "gu", "gupp", "Gup", "fixup2011", "0"})
        CHECK_FALSE(parse_fault_in(bad, untouched));
    CHECK(untouched == FaultIn::GupDirty);
}
