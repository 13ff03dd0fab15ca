// Faults on file mappings. (Linux mm/memory.c do_fault, mm/filemap.c filemap_fault.)
#pragma once

#include "mm/memory.hpp"

namespace faultline {

// Serves a fault on an absent entry of a file mapping: a read, a write to shared memory, or one that makes a private copy
// at once. OOM; SIGBUS: past the end of the file, or it cannot be read; HWPOISON: it is lost; MAJOR: the page had to be read; RETRY, if
// vmf.flags allow it: it has to be, see wait_for_page() (mm/page_wait.hpp).
VmFault do_fault(VmFaultContext& vmf);

// Serves a write to a present entry without WRITE that shows a page of a file with storage through a shared mapping: the
// page becomes dirty, and the entry gets WRITE. RETRY as above: too many pages are dirty. (Linux: the same name, and
// filemap_page_mkwrite.)
VmFault wp_page_shared(VmFaultContext& vmf);

} // namespace faultline
