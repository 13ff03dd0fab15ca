// The page cache: the pages of one file in memory. Mappings, read and write all use the same pages. Anonymous shared
// memory, memfd and tmpfs exist only here; the initramfs is unpacked into it. A block device has its pages from a disk,
// and they go back there (mm/page_writeback.hpp).
#pragma once

#include <atomic>
#include <span>
#include <utility>

#include "base/errseq.hpp"
#include "base/park.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_tree.hpp"
#include "mm/swap_entry.hpp"
#include "mm/vma.hpp"

namespace faultline {

// What the file system under a mapping supplies.
struct AddressSpaceOps {
    // Fills pages that follow one another in the file, at most IO_PAGES_MAX. They are PG_LOCKED, so nobody else looks
    // at what they hold. All or none: IO, NOMEM. Sleeps; called with no spin lock. nullptr: pages are zeros (tmpfs).
    Result<void> (*readahead)(AddressSpace& mapping, std::span<Page* const> pages) = nullptr;
    // Writes such pages to the storage, as far as they lie below `size`; done when it returns. They are PG_WRITEBACK, and
    // may be written to meanwhile. IO. Sleeps; called with no spin lock. nullptr: there is no storage.
    Result<void> (*writepages)(AddressSpace& mapping, std::span<Page* const> pages) = nullptr;
    // What was written survives a power cut when this returns. IO. Sleeps. nullptr: it does anyway. (Linux:
    // blkdev_issue_flush.)
    Result<void> (*flush)(AddressSpace& mapping) = nullptr;
    // Another holder of the mapping, one fewer. `put` may free it.
    void (*get)(AddressSpace& mapping) = nullptr;
    void (*put)(AddressSpace& mapping) = nullptr;
    // The same as `get` for who has found the mapping without being a holder. False: the last one is gone. nullptr: it stays for
    // ever.
    bool (*get_not_zero)(AddressSpace& mapping) = nullptr;
    // A VMA of the mapping is about to be made by mmap(2), and what was at its place is gone. Called with the mmap lock
    // held for writing. nullptr: never refused. (Linux: file_operations::mmap.)
    Result<void> (*mmap)(AddressSpace& mapping) = nullptr;
    // One more VMA of the mapping, or one fewer. Called in addition to `get` and `put`, which count other holders, too.
    // nullptr: not counted. (Linux: vm_operations_struct::open, close.)
    void (*open)(AddressSpace& mapping) = nullptr;
    void (*close)(AddressSpace& mapping) = nullptr;
    // A name for /proc/PID/maps ("/bin/hello", "/memfd:x (deleted)", "/dev/zero (deleted)"); never nullptr.
    const char* (*name)(AddressSpace& mapping, char* buffer, u32 size) = nullptr;
    // A page was made dirty through a shared mapping that could not write it before: the file's times change. Called
    // with the mmap lock held, no other. nullptr: it has none. (Linux: file_update_time in fault_dirty_shared_page.)
    void (*update_time)(AddressSpace& mapping) = nullptr;
};

struct ShmemSbInfo; // mm/shmem.hpp

// A page of a file without storage that is in swap, or lost (mm/shmem_swap.hpp).
struct SwappedPage {
    u32 index;
    SwapEntry entry;
    TreeHook node{};
};
struct SwappedIndexKey {
    using type = u32;
    u32 operator()(const SwappedPage& page) const { return page.index; }
};

inline constexpr u32 IO_PAGES_MAX = 32; // in one call of `readahead` or `writepages` (Linux: 128 KiB, its read-ahead)

// Pages that are being written; on the stack of the task that does it.
struct WritebackRun {
    u32 first, end; // page numbers: [first, end)
    u64 number;     // rises
    AutoUnlinkHook link{};
};

struct AddressSpace {
    const AddressSpaceOps* ops = nullptr;
    Relaxed<u64> size = 0; // bytes (Linux: i_size); a fault at or past its last page is SIGBUS
    u64 inode = 0;         // identifies the file, for futex keys and /proc; never reused
    // Each page counts there; nullptr: it has a storage, or was promised as a whole. Set before it has pages.
    ShmemSbInfo* sb = nullptr;
    SpinLock lock{"AddressSpace"}; // also of the ranges of the VMAs in i_mmap
    Relaxed<u32> nr_pages = 0;     // in `pages`; changed with the lock held
    // How many open files may write it, or, below 0, how many address spaces and calls of execve(2) run it. (Linux: the
    // inode's.)
    std::atomic<s32> i_writecount = 0;
    PageTree pages GUARDED_BY(lock); // those with a tag are to be written (Linux: i_pages, PAGECACHE_TAG_DIRTY)
    AutoUnlinkList<VmArea, &VmArea::i_mmap_link> i_mmap GUARDED_BY(lock); // every VMA that maps it, for truncation

    // Only of a file without storage.
    Tree<SwappedPage, &SwappedPage::node, SwappedIndexKey> swapped GUARDED_BY(lock);
    Relaxed<u32> nr_swapped = 0;               // changed with the lock held
    AutoUnlinkHook swap_link;                  // in the list of mappings that have such pages (mm/shmem_swap.cpp)
    bool unevictable GUARDED_BY(lock) = false; // none of its pages goes there (Linux: AS_UNEVICTABLE)

    // Only of a file with storage behind it.
    AutoUnlinkList<WritebackRun, &WritebackRun::link> writing GUARDED_BY(lock);
    u64 writeback_runs GUARDED_BY(lock) = 0; // how many there were
    ParkQueue waiters GUARDED_BY(lock);      // tasks that wait for a page to be read or written
    Relaxed<u64> dirtied_when_ns = 0;        // when the first page with a tag got it
    AutoUnlinkHook dirty_link;               // in the list of mappings with dirty pages (mm/page_writeback.cpp)
    Relaxed<u32> ra_pages = 0;               // how far to read ahead, at most IO_PAGES_MAX; 0, 1: only what is needed
    ErrSeq wb_err;                           // failed writes, for fsync(2) and msync(2)
};

// Whether the pages come from a storage, and whether they go back there. (Linux has the second name.)
inline bool mapping_reads(const AddressSpace& mapping) { return mapping.ops->readahead != nullptr; }
inline bool mapping_can_writeback(const AddressSpace& mapping) { return mapping.ops->writepages != nullptr; }

// Whether the first write to a page through the VMA must fault even if the VMA may write, because somebody wants to know
// of it. Its clean entries are without WRITE. (Linux: the same name.)
inline bool vma_wants_writenotify(const VmArea& vma) {
    return vma.shared() && vma.mapping != nullptr && mapping_can_writeback(*vma.mapping);
}

// How many pages the file has, the last one perhaps in part.
inline u32 nr_file_pages(const AddressSpace& mapping) {
    return static_cast<u32>((u64{mapping.size} + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

// A writer of the file begins, and ends. False: it is a program that runs (TXTBSY). (Linux: the same names.)
inline bool get_write_access(AddressSpace& mapping) {
    s32 count = mapping.i_writecount.load(std::memory_order_relaxed);
    while (count >= 0 && !mapping.i_writecount.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) {
    }
    return count >= 0;
}
inline void put_write_access(AddressSpace& mapping) { mapping.i_writecount.fetch_sub(1, std::memory_order_relaxed); }

// The file begins to be run, and ends. False: it is open for writing (TXTBSY). (Linux: the same names.)
inline bool deny_write_access(AddressSpace& mapping) {
    s32 count = mapping.i_writecount.load(std::memory_order_relaxed);
    while (count <= 0 && !mapping.i_writecount.compare_exchange_weak(count, count - 1, std::memory_order_relaxed)) {
    }
    return count <= 0;
}
inline void allow_write_access(AddressSpace& mapping) { mapping.i_writecount.fetch_add(1, std::memory_order_relaxed); }

inline void get_mapping(AddressSpace& mapping) { mapping.ops->get(mapping); }
inline void put_mapping(AddressSpace& mapping) { mapping.ops->put(mapping); }

// A reference to a mapping, or none; dropped when this goes.
class [[nodiscard]] MappingRef {
  public:
    MappingRef() = default;
    // Takes over a reference that the caller has; nullptr: none.
    explicit MappingRef(AddressSpace* mapping) : mapping_(mapping) {}
    // One reference more.
    static MappingRef of(AddressSpace& mapping) {
        get_mapping(mapping);
        return MappingRef(&mapping);
    }
    MappingRef(MappingRef&& other) noexcept : mapping_(std::exchange(other.mapping_, nullptr)) {}
    MappingRef& operator=(MappingRef&& other) noexcept {
        const MappingRef before(std::exchange(mapping_, std::exchange(other.mapping_, nullptr)));
        return *this;
    }
    ~MappingRef() {
        if (mapping_ != nullptr)
            put_mapping(*mapping_);
    }

    explicit operator bool() const { return mapping_ != nullptr; }
    AddressSpace* get() const { return mapping_; }
    AddressSpace& operator*() const { return *mapping_; }
    // The reference is the caller's from here on.
    [[nodiscard]] AddressSpace* release() { return std::exchange(mapping_, nullptr); }

  private:
    AddressSpace* mapping_ = nullptr;
};

// The cached page at `index`, or none. And whether there is one. One that is still being read does not count.
PageRef find_get_page(AddressSpace& mapping, u32 index);
bool is_cached(AddressSpace& mapping, u32 index);

// Whether a page of a file, which was found in the page cache, is still there. Asked before an entry for it is installed, with that
// entry's lock held. Truncation first takes the pages out of the cache and then looks for their entries once more. So
// either truncation finds the new entry, or this returns false. (Linux holds the page's lock instead.)
bool still_cached(const Page& page);

// Puts the page, whose `index` is set, into the cache, which takes a reference of its own. If there is one already, returns that
// one instead. NOMEM. (Linux: add_to_page_cache_locked.)
Result<PageRef> add_to_page_cache(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);

// The same with an empty page, PG_LOCKED, which the caller is to fill. If there is one already, waits until that has been filled;
// nothing: it could not be. NOMEM.
Result<PageRef> add_locked_to_page_cache(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);

// Makes and fills the page at `index`, which was not cached, and puts it into the cache; another that was faster wins,
// and is waited for. If the pages come from a storage, up to `count` pages are read at once: the ones behind it, as far
// as none of them is cached. Errors as of read_mapping_page().
Result<void> read_cache_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major, u32 count = 1);

// The page at `index`, made and filled if it was not cached. Sets `major` if filling waited for a device. May sleep.
// NOMEM; IO; NOSPC: its tmpfs is full. Does not look at size.
Result<void> read_mapping_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major);

// Puts a page that the caller has filled into the cache. False: there is one already, or no memory.
bool add_filled_page(AddressSpace& mapping, Page& page, u32 index);

// Reads the pages of [first, end) that are not cached, from the storage or from swap. Errors are left to who needs them; a fatal
// signal ends it. (Linux: the same name.)
void force_page_cache_readahead(AddressSpace& mapping, u32 first, u32 end);

// Sets the size. Shrinking unmaps and frees what lies past it and zeroes the tail of the last page, so that later
// access faults with SIGBUS (Linux: truncate_setsize). Caller holds the file's own write lock and no mmap lock.
void truncate_setsize(AddressSpace& mapping, u64 size);

// Frees the pages [first, end) of a file, whose length stays: it reads as zeros there from now on. Caller as above, but
// may hold an mmap lock for reading. (Linux: shmem_fallocate with FALLOC_FL_PUNCH_HOLE.)
void truncate_pagecache_range(AddressSpace& mapping, u32 first, u32 end);

// Frees every cached page; nothing maps the file any more.
void truncate_inode_pages(AddressSpace& mapping);

// Drops the cached pages of [first, end) that are clean and that nobody uses: no entry, no transfer, no reference.
// Returns how many. (Linux: invalidate_mapping_pages.)
u32 invalidate_mapping_pages(AddressSpace& mapping, u32 first = 0, u32 end = ~u32{0});

// Takes a page out of the cache that is in no list of pages by age, and returns the cache's reference. The first leaves the file
// without it: a file without storage is charged one page fewer. (Linux: the same names, before 5.16.)
PageRef delete_from_page_cache(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);
PageRef remove_from_page_cache(AddressSpace& mapping, Page& page) REQUIRES(mapping.lock);

u64 next_inode_number(); // 1, 2, 3 … never reused

} // namespace faultline
