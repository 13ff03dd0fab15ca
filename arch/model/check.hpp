// Questions to all TLBs of the modelled machine that no real one answers.
#pragma once

#include <string>
#include <vector>

#include "arch/contract/mmu.hpp"

namespace faultline::model {

// Every translation on any CPU that was loaded from `mm`'s tables and permits more than its truth does, or
// that a CPU would now use for another address space; a line for each. Empty is right whenever no hook's
// caller owes a flush: nothing is freed, reused or protected while a TLB still reaches it the old way.
std::vector<std::string> check_tlb_against_truth(const MmContext& mm);

} // namespace faultline::model
