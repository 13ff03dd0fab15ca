// Memory that has an error which cannot be corrected: what a frame held is lost, the frame is never used again, and who asks for what
// it held is told. (Linux: mm/memory-failure.c. Linux has it on arm64, but not on 32-bit ARM.)
//
//   the frame held a page       its entries                      who comes for it
//   ──────────────────────────────────────────────────────────────────────────────────────────────────────
//   of a disk, clean            are emptied                      reads it again; nobody notices
//   of a disk, dirty            refer to the lost frame          SIGBUS, EFAULT; fsync(2): EIO, once
//   of a tmpfs                  refer to it, and so does the     SIGBUS, EFAULT; read(2), write(2): EIO
//                               file, until that part is cut off
//   anonymous                   refer to it                      SIGBUS, EFAULT
//   anonymous, with a slot      refer to the slot                it is read from the slot, if that has it; else the same
//   none: it is free            -                                nobody
#pragma once

#include "base/result.hpp"
#include "mm/filemap.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

// Frames that are PG_HWPOISON. (Linux: the same name; HardwareCorrupted in /proc/meminfo.)
inline constinit std::atomic<u32> num_poisoned_pages{0};

// The page has lost its data. `mapping` is the file that it was found in, if it is one's. Nobody gets a signal yet, only who
// touches it later. BUSY: it is the kernel's, or its file has just been cut off; HWPOISON: it was lost before; NOMEM: a tmpfs cannot
// note it. Sleeps; no spin lock held, and no mmap lock. (Linux: the same name.)
Result<void> memory_failure(PageRef page, MappingRef mapping);

// The same for a frame, whatever it is used for. NXIO: there is none of this number. (Linux: hard_offline_page_store.)
Result<void> hard_offline_page(Pfn pfn);

// Whether this page of the swap cache has lost what is not in its slot. If it has not, but is poisoned, it is out of the cache: the
// slot can be read. Finishes what memory_failure() has begun. Sleeps; no spin lock held.
bool is_lost_in_swap_cache(Page& page);

// The frame, which nobody uses any more, is good again: for tests. (Linux: the same name.)
void unpoison_memory(Page& page);

} // namespace faultline
