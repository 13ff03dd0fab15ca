// Dirty pages of files with storage behind them: which there are, and how they get back there (Linux: mm/page-writeback.c,
// fs/fs-writeback.c). docs/writeback.md tells the whole.
//
// The law: if an entry shows a page of such a file and has WRITE or DIRTY, the page is PG_DIRTY and in AddressSpace::dirty.
// An entry gets WRITE, and a page stops being dirty, only with AddressSpace::lock held. So a page that is written to is
// always found by who writes back.
#pragma once

#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "mm/filemap.hpp"

namespace faultline {

// Once, before a page is made dirty; a test calls it again to start anew.
void init_writeback();

// What the page holds must not be lost, and is written back in time. Call it after the change. The caller keeps the page,
// and what it is a page of. Takes AddressSpace::lock, if there is storage. (Linux: the same name.)
void set_page_dirty(Page& page);

// The same for a page of `mapping`. Under this lock the caller may also give entries WRITE.
void tag_page_dirty(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);

// The page leaves the cache, and what it holds need not be written. (Linux: folio_cancel_dirty.)
void cancel_dirty(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);

// Writes the pages of [first, end) that are dirty when it is called, and returns when they are on their storage, others'
// transfers included. Whether a write failed: see AddressSpace::wb_err. Sleeps; the caller
// holds no lock that a reader or writer of the file may wait for.
void filemap_write_and_wait_range(AddressSpace& mapping, u32 first = 0, u32 end = ~u32{0});

// Begins the same without waiting for pages that others write; returns how many pages it wrote. (Linux: filemap_flush.)
u32 filemap_fdatawrite_range(AddressSpace& mapping, u32 first = 0, u32 end = ~u32{0});
// Only waits, for what is being written.
void filemap_fdatawait_range(AddressSpace& mapping, u32 first = 0, u32 end = ~u32{0});

// When pages are written: /proc/sys/vm/dirty_*.
struct DirtyLimits {
    Relaxed<u32> background_ratio = 10;     // per cent of the memory that can be had: the flusher begins
    Relaxed<u32> ratio = 20;                // who dirties pages has to write some himself
    Relaxed<u32> expire_centisecs = 3000;   // a file is dirty for so long at most
    Relaxed<u32> writeback_centisecs = 500; // the flusher's period; 0: it waits until it is called
};
inline constinit DirtyLimits dirty_limits;

// Counts of the whole system, in pages: of files with storage. The first three are as of now.
struct WritebackStat {
    std::atomic<u32> nr_file_pages = 0, nr_file_dirty = 0, nr_writeback = 0;
    std::atomic<u32> nr_dirtied = 0, nr_written = 0; // since boot
};
inline constinit WritebackStat writeback_stat;

// The caller has made a page of the file dirty, or is about to: if too many are, it first writes some of them itself. Sleeps;
// no lock held that a reader or writer of the file may wait for. (Linux: the same name.)
void balance_dirty_pages(AddressSpace& mapping);
// Whether it would have to write.
bool over_dirty_limit();
// From how many pages on, as of now: a task has to write itself, the flusher begins. (Linux: global_dirty_limits.)
u32 dirty_threshold();
u32 dirty_background_threshold();

// One round of the flusher: writes the files that have been dirty for too long, and as long as more pages are dirty than the
// background ratio allows, others. Returns how many pages it wrote. (Linux: wb_do_writeback.)
u32 writeback_dirty_files();

} // namespace faultline
