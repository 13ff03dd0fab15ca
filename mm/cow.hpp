// Copy on write. (Linux mm/memory.c do_wp_page and what it calls.)
#pragma once

#include "mm/memory.hpp"

namespace faultline {

// Serves a write to a present entry without WRITE: copy on write, a shared page that was write-protected to be
// cleaned, or (only from fixup_user_fault_2011) a mapping that may not be written at all. OOM.
VmFault do_wp_page(VmFaultContext& vmf);

} // namespace faultline
