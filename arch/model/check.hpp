// Questions about the TLBs of the modelled machine that no real machine can answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arch/contract/mmu.hpp"

namespace faultline::model {

// A translation on some CPU that was loaded from an address space's tables and contradicts its truth.
struct TlbFinding {
    enum Kind : u8 {
        BeyondTruth, // permits more than truth, or leads to another frame: right only until the caller's flush
        Misused,     // would be used for another address space, or for all of them: never right
    } kind;
    u32 cpu;
    u32 page; // virtual
    u8 asid;
    const char* what;
};

// All such translations of `mm`, on all CPUs.
std::vector<TlbFinding> find_tlb_against_truth(const MmContext& mm);

// The frame to which the TLB of `cpu` leads a user access to `page` of `mm`; nothing if it holds no such entry.
std::optional<Pfn> frame_in_tlb(u32 cpu, const MmContext& mm, UserAddr page);

// The findings in words, one line each. The list must be empty unless the caller of a hook still has to flush: nothing
// is freed, reused or protected while a TLB still has the old translation.
std::vector<std::string> check_tlb_against_truth(const MmContext& mm);

} // namespace faultline::model
