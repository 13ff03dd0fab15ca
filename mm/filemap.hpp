// The page cache: the pages of one file in memory. Mappings, read and write all use the same pages. Anonymous shared
// memory, memfd and tmpfs exist only here; the initramfs is unpacked into it.
#pragma once

#include <atomic>
#include <utility>

#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/vma.hpp"

namespace faultline {

// What the file system under a mapping supplies.
struct AddressSpaceOps {
    // Fills a fresh page (locked by being unreachable). May sleep. IO, NOMEM. nullptr: the page is zeros (tmpfs).
    Result<void> (*read_folio)(AddressSpace& mapping, Page& page) = nullptr;
    // Another holder of the mapping, one fewer. `put` may free it.
    void (*get)(AddressSpace& mapping) = nullptr;
    void (*put)(AddressSpace& mapping) = nullptr;
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

struct PageIndexKey {
    using type = u32;
    u32 operator()(const Page& page) const { return page.index; }
};

struct AddressSpace {
    const AddressSpaceOps* ops = nullptr;
    Relaxed<u64> size = 0;         // bytes (Linux: i_size); a fault at or past its last page is SIGBUS
    u64 inode = 0;                 // identifies the file, for futex keys and /proc; never reused
    SpinLock lock{"AddressSpace"}; // also of the ranges of the VMAs in i_mmap
    Relaxed<u32> nr_pages = 0;     // in `pages`; changed with the lock held
    // How many open files may write it, or, below 0, how many address spaces and calls of execve(2) run it. (Linux: the
    // inode's.)
    std::atomic<s32> i_writecount = 0;
    Tree<Page, &Page::cache_node, PageIndexKey> pages GUARDED_BY(lock);
    AutoUnlinkList<VmArea, &VmArea::i_mmap_link> i_mmap GUARDED_BY(lock); // every VMA that maps it, for truncation
};

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

// The cached page at `index`, or none. And whether there is one.
PageRef find_get_page(AddressSpace& mapping, u32 index);
bool is_cached(AddressSpace& mapping, u32 index);

// Whether a page that was found in the page cache is still there. Asked before an entry for it is installed, with that
// entry's lock held. Truncation first takes the pages out of the cache and then looks for their entries once more. So
// either truncation finds the new entry, or this returns false. (Linux holds the page's lock instead.)
bool still_cached(const Page& page);

// Makes and fills the page at `index`, which was not cached, and puts it into the cache; another that was faster wins.
// As read_mapping_page() otherwise.
Result<void> read_cache_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major);

// The page at `index`, made and filled if it was not cached. Sets `major` if filling waited for a device. May sleep.
// NOMEM, IO. Does not look at size.
Result<void> read_mapping_page(AddressSpace& mapping, u32 index, PageRef& page, bool& major);

// Sets the size. Shrinking unmaps and frees what lies past it and zeroes the tail of the last page, so that later
// access faults with SIGBUS (Linux: truncate_setsize). Caller holds the file's own write lock and no mmap lock.
void truncate_setsize(AddressSpace& mapping, u64 size);

// Frees the pages [first, end) of a file, whose length stays: it reads as zeros there from now on. Caller as above, but
// may hold an mmap lock for reading. (Linux: shmem_fallocate with FALLOC_FL_PUNCH_HOLE.)
void truncate_pagecache_range(AddressSpace& mapping, u32 first, u32 end);

// Frees every cached page; nothing maps the file any more.
void truncate_inode_pages(AddressSpace& mapping);

u64 next_inode_number(); // 1, 2, 3 … never reused

} // namespace faultline
