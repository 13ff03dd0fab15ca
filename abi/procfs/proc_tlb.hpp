// /proc/faultline/tlb.
#pragma once

#include "abi/procfs/procfs.hpp"

namespace faultline {

// Which back end runs, how it relaxes, what the checker of flushes found if there is one, and where software fills the
// TLB, TlbStatistics of each CPU, a line each.
Result<void> show_tlb(const Inode& inode, SeqFile& out);

} // namespace faultline
