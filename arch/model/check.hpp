// Questions to all TLBs of the modelled machine that no real one answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arch/contract/mmu.hpp"

namespace faultline::model {

// A translation on some CPU that was loaded from an address space's tables and is not what its truth says.
struct TlbFinding {
    enum Kind : u8 {
        BeyondTruth, // permits what truth does not, or leads to another frame: right only while a flush is owed
        Misused,     // would be used for another address space, or for all: never right
    } kind;
    u32 cpu;
    u32 page; // virtual
    u8 asid;
    const char* what;
};
std::vector<TlbFinding> find_tlb_against_truth(const MmContext& mm);

// The frame to which the TLB of `cpu` would lead a user's access to `page` of `mm`, if it holds one.
std::optional<Pfn> frame_in_tlb(u32 cpu, const MmContext& mm, UserAddr page);

// The findings in words, a line each. Empty is right whenever no hook's caller owes a flush: nothing is freed, reused
// or protected while a TLB still reaches it the old way.
std::vector<std::string> check_tlb_against_truth(const MmContext& mm);

} // namespace faultline::model
