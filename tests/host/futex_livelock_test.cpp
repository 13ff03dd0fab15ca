// The livelock detector: what counts, what starts the count again, what it prints, and that it changes nothing.
#include <catch2/catch.hpp>

#include "kernel/futex/livelock.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/mprotect.hpp"
#include "mm/munmap.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

// A clean word, and the loop of WAKE_OP on it under fault_in=gup.
struct Loop {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    UserAddr word = FutexHost::map_shared(mm);

    Loop() { set_fault_in_policy(FaultIn::Gup); }
    Result<u32> turn() { return futex(FUTEX_WAKE_OP | PRIVATE, word, 1, 1, word, ADD_1); }
};

u32 count(const std::string& text, const std::string& what) {
    u32 found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

} // namespace

TEST_CASE("livelock=report: says so once per task, and the loop turns on; a fatal signal ends it") {
    Loop loop;
    u64 turned_at_report = 0;
    loop.test.run(loop.mm, [&] {
        loop.test.load(loop.word);
        const Pte entry = FutexHost::entry(loop.mm, loop.word);
        loop.test.on_console = [&] {
            turned_at_report = loop.test.faultins();
            loop.test.host.fatal_signal = true; // as kill -9 from another task
        };
        CHECK(loop.turn().error() == Errno::INTR);
        CHECK(turned_at_report == 1002);     // it looks from the second round on
        CHECK(loop.test.faultins() == 1003); // it went round once more
        CHECK(FutexHost::entry(loop.mm, loop.word) == entry);
        CHECK(FutexHost::word(loop.mm, loop.word) == 0);
        CHECK(queued(loop.word) == 0);
        CHECK(current()->livelock_reported);

        // The same task in another such loop: no second report. The signal comes after three times the limit.
        loop.test.host.fatal_signal = false;
        loop.test.on_console = nullptr;
        u32 faults = 0;
        const auto serve = loop.test.host.machine.on_fault;
        loop.test.host.machine.on_fault = [&](FaultInfo fault) {
            loop.test.host.fatal_signal = ++faults == 3000;
            return serve(fault);
        };
        CHECK(loop.turn().error() == Errno::INTR);
        CHECK(faults == 3000);
    });
    CHECK(count(loop.test.console, "cause ") == 1);
}

TEST_CASE("livelock: the report, for a reader who knows none of this") {
    Loop loop;
    livelock_policy = LivelockPolicy::Halt;
    loop.test.run(loop.mm, [&] {
        loop.test.load(loop.word);
        CHECK(exit_status([&] { static_cast<void>(loop.turn()); }) == LIVELOCK_STATUS);
    });
    for (const char* text :
         {"program[1] is in a loop that cannot end: FUTEX_WAKE_OP on the word at 0x",
          "1000 rounds in which nothing changed, ", " in a second", " rw-s, word is 0x00000000",
          "present young clean write user", "small page", "read-only", "cause    clean",
          "repair   fault_in=gup: get_user_pages", "cure     handle_mm_fault marks the entry dirty",
          "\nfaultline: livelock: FUTEX_WAKE_OP of program[1] turned 1000 times, its page-table entry stayed "
          "clean, and fault_in=gup never repaired it\n"})
        CHECK_THAT(loop.test.console, Catch::Contains(text));
}

TEST_CASE("livelock: the limit is what it is set to") {
    Loop loop;
    livelock_policy = LivelockPolicy::Halt;
    livelock_rounds = 3;
    loop.test.run(loop.mm, [&] {
        loop.test.load(loop.word);
        CHECK(exit_status([&] { static_cast<void>(loop.turn()); }) == LIVELOCK_STATUS);
        CHECK(loop.test.faultins() == 5);
    });
}

TEST_CASE("livelock: any change starts the count again") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_shared(mm);
    test.run(mm, [&] {
        test.load(word);
        LivelockDetector detector;
        const auto counted_after = [&](auto&& change) {
            for (int i = 0; i < 6; ++i)
                detector.round("test", word, FutexAccess::Write);
            CHECK(detector.unchanged_rounds() >= 4);
            change();
            detector.round("test", word, FutexAccess::Write);
            return detector.unchanged_rounds();
        };
        CHECK(counted_after([] {}) == 5);
        CHECK(counted_after([&] { FutexHost::word(mm, word) = 5; }) == 0);
        CHECK(counted_after([&] { test.store(word, 5); }) == 0);
        CHECK(counted_after([&] { FutexHost::age(mm); }) == 0);
        CHECK(counted_after([&] { flush_tlb_fix_spurious_fault(mm.context, word); }) == 0);
        CHECK(counted_after([&] { REQUIRE(do_mprotect(mm, word, PAGE_SIZE, PROT_READ).ok()); }) == 0);
        CHECK(counted_after([&] { REQUIRE(do_munmap(mm, word, PAGE_SIZE).ok()); }) == 0);
        CHECK(counted_after([&] { switch_mm(nullptr), switch_mm(&mm.context); }) > 0); // a context switch is no change
    });
}

TEST_CASE("livelock: looking changes no entry and faults nothing in") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr absent = FutexHost::map_private(mm), old = FutexHost::map_private(mm);
    test.run(mm, [&] {
        test.store(old, 1);
        FutexHost::age(mm);
        const Pte before = FutexHost::entry(mm, old);
        const u32 generation = tlb_generation(mm.context);
        const u32 faults = current()->mm.min_flt;
        for (const UserAddr address : {absent, old, UserAddr(0), UserAddr(0xffff'fffc)}) {
            LivelockDetector detector;
            for (int i = 0; i < 10; ++i)
                detector.round("test", address, FutexAccess::Write);
            CHECK(detector.unchanged_rounds() == 8); // the first does not look, the second is the first look
        }
        CHECK(FutexHost::entry(mm, old) == before);
        CHECK(pte_none(FutexHost::entry(mm, absent)));
        CHECK(tlb_generation(mm.context) == generation);
        CHECK(current()->mm.min_flt == faults);
    });
}

TEST_CASE("livelock: while the address space is being changed nothing is counted") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.run(mm, [&] {
        LivelockDetector detector;
        for (int i = 0; i < 5; ++i)
            detector.round("test", word, FutexAccess::Read);
        {
            const WriteGuard changing(mm.mmap_lock);
            detector.round("test", word, FutexAccess::Read);
        }
        detector.round("test", word, FutexAccess::Read);
        CHECK(detector.unchanged_rounds() == 0);
    });
}

TEST_CASE("livelock=: names") {
    LivelockPolicy policy = LivelockPolicy::Report;
    CHECK(parse_livelock("halt", policy));
    CHECK(policy == LivelockPolicy::Halt);
    CHECK_FALSE(parse_livelock("stop", policy));
    CHECK_FALSE(parse_livelock("", policy));
    CHECK(policy == LivelockPolicy::Halt);
    CHECK(parse_livelock("report", policy));
    CHECK(policy == LivelockPolicy::Report);
}
