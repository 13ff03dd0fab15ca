// Faults on file mappings. (Linux mm/memory.c do_fault, mm/filemap.c filemap_fault.)
#pragma once

#include "mm/filemap.hpp"
#include "mm/memory.hpp"

namespace faultline {

// Serves a fault on an absent entry of a file mapping: a read, a write to shared memory, or one that makes a private copy
// at once. OOM; SIGBUS: past the end of the file, or it cannot be read; MAJOR: the page had to be read; RETRY, if
// vmf.flags allow it: it has to be, see awaited_page().
VmFault do_fault(VmFaultContext& vmf);

// What a fault that ended with RETRY has to wait for: a page of a file that must be read. Keeps the file, whatever becomes
// of the VMA.
struct [[nodiscard]] AwaitedPage {
    MappingRef mapping;
    u32 index = 0;

    explicit operator bool() const { return bool(mapping); }
    // Reads the page, which may take long: no lock held. The caller tries again, and finds it cached or finds out what
    // went wrong.
    void read() const;
};
AwaitedPage awaited_page(const VmArea& vma, UserAddr address);

} // namespace faultline
