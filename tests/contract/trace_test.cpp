// The sequences: which stations each kind of fault passes, one by one, on any machine. What a back end does its own way is in
// braces of its own: `walked` stores a descriptor where the entry is stored; `softtlb` fills its TLB, in advance or at a miss.
#include <array>
#include <initializer_list>
#include <string_view>

#include "arch/contract/tlb.hpp"
#include "base/format.hpp"
#include "interleave/modelled_swap.hpp"
#include "kernel/debug/trace_stations.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "mm/aging.hpp"
#include "tests/contract/contract.hpp"

namespace faultline::contract {

namespace {

using enum Station;

// The stations of one fault, in the order in which they are passed.
constexpr StationMask OF_A_FAULT =
    mask_of(Vector) | mask_of(TlbRefill) | mask_of(Abort) | mask_of(DoPageFault) | mask_of(Vma) |
    mask_of(Station::BadAccess) | mask_of(Fixup) | mask_of(HandleMmFault) | mask_of(Anonymous) | mask_of(ZeroPage) |
    mask_of(File) | mask_of(Copied) | mask_of(Reused) | mask_of(MadeAccessible) | mask_of(SwappedIn) |
    mask_of(Spurious) | mask_of(EntryStored) | mask_of(DescriptorStored) | mask_of(TlbDropped) | mask_of(GupFollowed) |
    mask_of(AttemptFailed) | mask_of(RepairCalled) | mask_of(RepairFailed) | mask_of(RoundAgain);

bool walked() { return std::string_view(mmu_name()) == "walked"; }

void fail_at(const char* what, u32 number, Station station) {
    std::array<char, 96> text{};
    scnprintf(text.data(), text.size(), "%s: station %u: %s", what, number, STATIONS[static_cast<u32>(station)].name);
    fail(text.data(), __FILE__, __LINE__);
}

// What `action` passes, as far as it concerns the page of `address`, must be `expected`.
template <class Action>
void passes(const char* what, UserAddr address, std::initializer_list<Station> expected, Action&& action) {
    TraceRecord records[64];
    trace_begin(OF_A_FAULT);
    action();
    const u32 count = trace_end(records);
    auto next = expected.begin();
    for (u32 i = 0; i < count; ++i) {
        const TraceRecord& record = records[i];
        if (record.station != Fixup && UserAddr(record.words[0]).page() != address.page())
            continue;
        if (next == expected.end() || *next != record.station)
            return fail_at(what, static_cast<u32>(next - expected.begin()), record.station);
        ++next;
    }
    if (next != expected.end())
        fail_at(what, static_cast<u32>(next - expected.begin()), *next);
}

// `walked` or else `softtlb`.
template <class Action>
void passes(const char* what, UserAddr address, std::initializer_list<Station> on_walked,
            std::initializer_list<Station> on_softtlb, Action&& action) {
    passes(what, address, walked() ? on_walked : on_softtlb, action);
}

void anonymous_write() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    passes("anonymous write", address,
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, Anonymous, EntryStored, DescriptorStored},
           [&] { EXPECT(write(address)); });
}

void zero_page() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    passes("zero page", address,
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, ZeroPage, EntryStored, DescriptorStored},
           [&] { EXPECT(read(address)); });
}

void clean_to_dirty() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address));
    passes("clean to dirty", address,
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, EntryStored, DescriptorStored, TlbDropped, MadeAccessible},
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, EntryStored, TlbDropped, DescriptorStored, MadeAccessible},
           [&] { EXPECT(write(address)); });
}

void old_entry() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    age_mm(MmapReadGuard(test.mm()));
    passes("old", address,
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, EntryStored, DescriptorStored, TlbDropped, MadeAccessible},
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, EntryStored, TlbDropped, DescriptorStored, MadeAccessible},
           [&] { EXPECT(read(address)); });
}

// A machine that sets the bits tells nobody: the fault handler is not asked.
void bits_that_the_machine_sets() {
    TestMm test;
    const UserAddr clean = test.map_shared(1), old = test.map_anon(1);
    EXPECT(read(clean) && write(old));
    age_mm(MmapReadGuard(test.mm()));
    passes("old, hardware", old, {Vector, EntryStored, TlbRefill, DescriptorStored}, [&] { EXPECT(read(old)); });
    passes("clean, hardware", clean, {Vector, EntryStored, TlbRefill, DescriptorStored}, [&] { EXPECT(write(clean)); });
}

// The zero page is what a task shares without fork.
void copy_on_write() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(read(address));
    passes("copy-on-write", address,
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, Copied, EntryStored, DescriptorStored, TlbDropped,
            EntryStored, DescriptorStored},
           {Vector, Abort, DoPageFault, Vma, HandleMmFault, Copied, EntryStored, TlbDropped, EntryStored,
            DescriptorStored},
           [&] { EXPECT(write(address)); });
}

void swapped_in() {
    ModelledSwap swap;
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address) && do_madvise(test.mm(), address, PAGE_SIZE, MADV_PAGEOUT).ok());
    // The first attempt ends because the page must be waited for; the second finds it in the swap cache.
    passes(
        "swapped in", address,
        {Vector, Abort, DoPageFault, Vma, HandleMmFault, Vma, HandleMmFault, SwappedIn, EntryStored, DescriptorStored},
        [&] { EXPECT(read(address)); });
}

// Another CPU was faster: the entry permits the access already.
void spurious() {
    TestMm test;
    const UserAddr address = test.map_anon(1);
    EXPECT(write(address));
    passes("spurious", address, {HandleMmFault, Spurious, TlbDropped},
           [&] { EXPECT(fixup_for_write(test.mm(), address).ok()); });
}

void forbidden() {
    TestMm test;
    const UserAddr address = test.map_anon(1, PROT_READ);
    passes("forbidden", address, {Vector, Abort, DoPageFault, Station::BadAccess, Fixup},
           [&] { EXPECT(!write(address)); });
}

// One round of a futex call that writes: an attempt with page faults disabled, the repair, and a look whether anything changed.
void futex_round(FaultIn repair, LivelockDetector& livelock, UserAddr address) {
    const FaultIn before = fault_in_policy;
    set_fault_in_policy(repair);
    EXPECT(!attempt_write(address));
    EXPECT(fault_in_user_writeable(address).ok());
    livelock.round("a test", address, FutexAccess::Write);
    set_fault_in_policy(before);
}

// The hang, and the cure, side by side: get_user_pages follows the entry, handle_mm_fault changes it.
void hanging_round() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address));
    LivelockDetector livelock;
    for (u32 round = 0; round < 2; ++round)
        passes("hanging round", address,
               {Vector, Abort, DoPageFault, Fixup, AttemptFailed, RepairCalled, GupFollowed, RoundAgain},
               [&] { futex_round(FaultIn::Gup, livelock, address); });
}

void cured_round() {
    TestMm test;
    const UserAddr address = test.map_shared(1);
    EXPECT(read(address));
    LivelockDetector livelock;
    passes("cured round", address,
           {Vector, Abort, DoPageFault, Fixup, AttemptFailed, RepairCalled, HandleMmFault, EntryStored,
            DescriptorStored, TlbDropped, MadeAccessible, RoundAgain},
           {Vector, Abort, DoPageFault, Fixup, AttemptFailed, RepairCalled, HandleMmFault, EntryStored, TlbDropped,
            DescriptorStored, MadeAccessible, RoundAgain},
           [&] { futex_round(FaultIn::Fixup, livelock, address); });
    passes("and then it works", address, {}, [&] { EXPECT(attempt_write(address)); });
}

// A repair that gives up says so, and there is no further round.
void refused_repair() {
    TestMm test;
    const UserAddr address = test.map_shared(1, PROT_READ);
    EXPECT(read(address));
    const FaultIn before = fault_in_policy;
    for (const FaultIn repair : {FaultIn::Gup, FaultIn::Fixup})
        passes("refused repair", address,
               {Vector, Abort, DoPageFault, Fixup, AttemptFailed, RepairCalled, RepairFailed}, [&] {
                   set_fault_in_policy(repair);
                   EXPECT(!attempt_write(address));
                   EXPECT(fault_in_user_writeable(address).error() == Errno::FAULT);
                   set_fault_in_policy(before);
               });
}

void nothing_is_recorded_while_nobody_watches() {
    TestMm test;
    const UserAddr address = test.map_anon(2);
    TraceRecord records[8];
    trace_begin(mask_of(Anonymous));
    EXPECT(write(address));
    EXPECT(trace_end(records) == 1 && records[0].station == Anonymous);
    EXPECT(write(address + PAGE_SIZE));
    EXPECT(trace_end(records) <= 1); // nothing new
}

constexpr Test TESTS[] = {
    {"trace: an anonymous write", anonymous_write},
    {"trace: the zero page", zero_page},
    {"trace: clean to dirty", clean_to_dirty, On::SoftwareBits},
    {"trace: an old entry", old_entry, On::SoftwareBits},
    {"trace: bits that the machine sets", bits_that_the_machine_sets, On::HardwareBits},
    {"trace: copy-on-write", copy_on_write},
    {"trace: swapped in", swapped_in},
    {"trace: spurious", spurious},
    {"trace: forbidden", forbidden},
    {"trace: a round that hangs", hanging_round, On::SoftwareBits},
    {"trace: a round that is cured", cured_round, On::SoftwareBits},
    {"trace: a repair that gives up", refused_repair},
    {"trace: nothing is recorded while nobody watches", nothing_is_recorded_while_nobody_watches},
};

} // namespace

std::span<const Test> trace_tests() { return TESTS; }

} // namespace faultline::contract
