// The address space of current, and ranges of whole pages in it.
#pragma once

#include "kernel/sched/sched.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// current is a task of a process, so it has an address space.
inline MmStruct& current_mm() { return *current()->mm.mm; }

// The pages of [start, start + length), for system calls that round the length up to whole pages. INVAL: `start` is not
// page-aligned. NOMEM: the range wraps or ends past TASK_SIZE.
struct PageRange {
    UserAddr start, end;
};
inline Result<PageRange> page_range(UserAddr start, u32 length) {
    if (start.page_offset() != 0)
        return Err(Errno::INVAL);
    const u32 bytes = page_align_up(length);
    if (bytes < length || start.value() > TASK_SIZE || bytes > TASK_SIZE - start.value())
        return Err(Errno::NOMEM);
    return PageRange{start, start + bytes};
}

} // namespace faultline
