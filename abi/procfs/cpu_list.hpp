// Sets of processors as /proc and /sys show them.
#pragma once

#include "abi/procfs/procfs.hpp"

namespace faultline {

// A mask as cpuset(7)'s list format has it: "0", "0-3,5"; nothing for no processor.
void show_cpu_list(SeqFile& out, u32 cpus);

} // namespace faultline
