// Sets of processors as /proc and /sys show them.
#pragma once

#include "abi/procfs/procfs.hpp"
#include "base/cpu_mask.hpp"

namespace faultline {

// Appends a mask of processors in the list format of cpuset(7): "0", "0-3,5"; no text for an empty mask.
void show_cpu_list(SeqFile& out, CpuMask cpus);

} // namespace faultline
