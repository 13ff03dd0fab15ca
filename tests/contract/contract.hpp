// The contract suite: what must hold of mm/ on any machine. The same tests run on the host over the modelled machine
// and in the kernel under QEMU. They touch user memory only through <arch/contract/uaccess.hpp>, so that the machine
// itself makes every access.
#pragma once

#include <span>

#include "arch/contract/tlb.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/trace.hpp"
#include "mm/brk.hpp"
#include "mm/config.hpp"
#include "mm/dup_mm.hpp"
#include "mm/fault.hpp"
#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/madvise.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/mprotect.hpp"
#include "mm/mremap.hpp"
#include "mm/munmap.hpp"
#include "mm/pgtable.hpp"
#include "mm/remote_memory.hpp"
#include "mm/shmem.hpp"
#include "mm/upcalls.hpp"

namespace faultline::contract {

// The machines that a law speaks of: where the other ones obey another law, that has a test of its own.
enum class On : u8 { AnyMachine, SoftwareBits, HardwareBits }; // by who sets young and dirty (AdBits)

struct Test {
    const char* name;
    void (*run)();
    On on = On::AnyMachine;
};

// Reports a failed expectation of the running test. The driver supplies it (Catch2 on the host, printk in the kernel).
void fail(const char* expression, const char* file, int line);

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ::faultline::contract::fail(#condition, __FILE__, __LINE__);                                               \
    } while (false)

// Every test of the suite, in files by subject.
std::span<const Test> law_tests();
std::span<const Test> fault_tests();
std::span<const Test> gup_tests();
std::span<const Test> fork_tests();
std::span<const Test> mapping_tests();
std::span<const Test> writeback_tests();
std::span<const Test> rmap_tests();
std::span<const Test> reclaim_tests();
std::span<const Test> swap_tests();
std::span<const Test> poison_tests();
std::span<const Test> overcommit_tests();
std::span<const Test> trace_tests();

inline bool hardware_sets_bits() { return tlb_config.ad_bits == AdBits::Hardware; }

// Runs visit(test) for each test of the suite that is for this machine.
template <class Visitor>
void for_each_test(Visitor&& visit) {
    for (const auto tests :
         {law_tests(), fault_tests(), gup_tests(), fork_tests(), mapping_tests(), writeback_tests(), rmap_tests(),
          reclaim_tests(), swap_tests(), poison_tests(), overcommit_tests(), trace_tests()})
        for (const Test& test : tests)
            if (test.on != (hardware_sets_bits() ? On::SoftwareBits : On::HardwareBits))
                visit(test);
}

// An address space that is the current task's while this object lives. At its end all its pages are free again.
class TestMm {
  public:
    TestMm();                  // empty
    explicit TestMm(MmRef mm); // e.g. from dup_mm; takes over the reference
    ~TestMm();
    TestMm(const TestMm&) = delete;
    TestMm& operator=(const TestMm&) = delete;

    MmStruct& mm() { return *mm_; }
    void activate(); // makes it current (again)

    UserAddr map_anon(u32 pages, u32 prot = PROT_READ | PROT_WRITE);
    UserAddr map_shared(u32 pages, u32 prot = PROT_READ | PROT_WRITE); // MAP_SHARED | MAP_ANONYMOUS
    UserAddr map_file(AddressSpace& mapping, u32 pages, u32 prot, u32 flags);
    Pte pte(UserAddr address);    // pte_none where there is no table
    Page* page(UserAddr address); // the page it maps, or nullptr

  private:
    MmRef mm_;
    MmStruct* before_;
};

// One access by the current task. attempt_*: with page faults disabled, so that it succeeds only if entry and TLB
// permit it right now. read and write: as a task makes them, with faults. False: FAULT.
bool attempt_read(UserAddr address);
bool attempt_write(UserAddr address, u32 value = 1);
bool read(UserAddr address);
bool write(UserAddr address, u32 value = 1);
u32 value_at(UserAddr address); // must be readable

// What attempt_read() and attempt_write() answer on this machine if this is the page's entry.
inline bool may_read(Pte entry) { return pte_user_readable(pte_obeyed(entry, false)); }
inline bool may_write(Pte entry) { return pte_user_writable(pte_obeyed(entry, true)); }

Result<u32> gup_for_write(MmStruct& mm, UserAddr address, FollFlags more = FOLL_NONE);
Result<void> fixup_for_write(MmStruct& mm, UserAddr address, FaultFlags more = FAULT_FLAG_NONE);

// How many entries the reverse map finds of an anonymous page: as many as its map count says, if nothing is broken.
u32 entries_found(const Page& page);

// Records what comes to these stations; and ends that, and copies the first records, in order. Returns how many. The driver
// supplies both.
void trace_begin(StationMask stations);
u32 trace_end(std::span<TraceRecord> records);

// The number of faults that `action` costs the current task.
template <class Action>
u32 minor_faults(Action&& action) {
    const u32 before = current_mm_task().min_flt;
    action();
    return current_mm_task().min_flt - before;
}

// The number that an access costs which only has a bit to set.
inline u32 faults_for_a_bit() { return hardware_sets_bits() ? 0 : 1; }

} // namespace faultline::contract
