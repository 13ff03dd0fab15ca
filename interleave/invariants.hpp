// What must hold after every step, whatever the CPUs do and in whatever order.
//
// 1. A TLB holds nothing beyond truth, except what a CPU is about to drop. A CPU that takes a permission or the frame
//    away from an entry owes a flush. It owes the flush from that step to the end of the operation in which it did so
//    (a system call, or an access with the fault it took). Only while some CPU owes a flush for a page may a TLB permit
//    more for that page than truth, or lead to another frame.
// 2. Break before make (ARM ARM B3.10.1): a CPU that owes a flush for a page puts no other frame there while a TLB
//    still has the old one.
// 3. No TLB entry is ever used for another address space.
// 4. An access, with its fault, takes no bit away from an entry that keeps its frame.
// 5. Dirt is not lost. Until a written frame is free or saved on its disk, a dirty entry names it, or its page is PG_DIRTY
//    or PG_WRITEBACK, or the CPU that cleared the dirty entry is still in that operation. What was truncated need not be.
//
// In addition mm/ itself checks, with FAULTLINE_DEBUG, that no frame is freed that a TLB can reach.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "arch/contract/machine.hpp"
#include "mm/mm_struct.hpp"

namespace faultline::interleave {

struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The kernel has found a loop that cannot end.
struct Livelock : Violation {
    using Violation::Violation;
};

// The entry, read from outside: this is no step of a CPU. None where there is no table.
Pte truth_of(MmStruct& mm, UserAddr page);

class Invariants {
  public:
    // watch: looks at this page of `mm` from now on. forget: looks at no page of `mm` any more.
    void watch(MmStruct& mm, UserAddr page);
    void forget(const MmStruct& mm);

    enum class Operation : u8 { None, Access, Call };

    // The CPU begins or (None) ends an operation.
    void begin_operation(u32 cpu, Operation what);
    // This CPU wrote to the page, in the step that is not yet over.
    void wrote(const MmStruct& mm, UserAddr address);

    // The disk has taken over what the frame holds, in the step that is not yet over.
    void saved(Pfn frame) { written_.erase(frame); }

    // Both throw Violation. The second: of the TLBs only, when no CPU acts.
    void check(u32 acting_cpu);
    void check_tlbs() const;

    // The pages that are watched, in the order in which that began.
    std::vector<std::pair<MmStruct*, UserAddr>> watched() const;

  private:
    struct Debt {
        u64 operation = 0; // of the CPU that owes the flush; 0: none
        Pte before;        // the entry before the change
    };
    struct Watched {
        MmStruct* mm;
        UserAddr page;
        Pte last; // truth after the step before
        std::array<Debt, machine::MAX_CPUS> debts;
    };
    struct CpuState {
        Operation what = Operation::None;
        u64 number = 0; // of the operation; 0 before the first
    };

    bool owed(const Watched& watched, u32 cpu) const;
    bool owed_by_anyone(const Watched& watched) const;
    void note_change(Watched& watched, Pte now, u32 cpu);
    void check_break_before_make(const Watched& watched, Pte now, u32 cpu) const;
    void check_dirt();
    bool dirt_is_known(Pfn frame) const;

    std::vector<Watched> watched_;
    std::array<CpuState, machine::MAX_CPUS> cpus_;
    u64 operations_ = 0;
    std::set<Pfn> written_;
};

} // namespace faultline::interleave
