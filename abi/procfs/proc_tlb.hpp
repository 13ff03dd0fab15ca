// /proc/faultline/tlb: the TLB's back end and its counters.
#pragma once

#include "abi/procfs/procfs.hpp"

namespace faultline {

// Shows the back end, how it relaxes, and with tlb_check=1 how many violations there were. If software fills the TLB,
// also its size and the TlbStatistics of each CPU.
Result<void> show_tlb(const Inode& inode, SeqFile& out);

} // namespace faultline
