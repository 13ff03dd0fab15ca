// The page cache: the pages of one file in memory, whoever maps, reads or writes it. Anonymous shared memory, memfd
// and tmpfs live here whole; the initramfs is unpacked into it.
#pragma once

#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "mm/page.hpp"
#include "mm/vma.hpp"

namespace faultline {

// What the file system under a mapping supplies.
struct AddressSpaceOps {
    // Fills a fresh page (locked by being unreachable). May sleep. IO, NOMEM. nullptr: the page is zeros (tmpfs).
    Result<void> (*read_folio)(AddressSpace& mapping, Page& page) = nullptr;
    // Another holder of the mapping, one fewer. `put` may free it.
    void (*get)(AddressSpace& mapping) = nullptr;
    void (*put)(AddressSpace& mapping) = nullptr;
    // A name for /proc/PID/maps ("/bin/hello", "/memfd:x (deleted)", "/dev/zero (deleted)"); never nullptr.
    const char* (*name)(AddressSpace& mapping, char* buffer, u32 size) = nullptr;
    // A page was made dirty through a shared mapping that could not write it before: the file's times change. Called with
    // the mmap lock held, no other. nullptr: it has none. (Linux: file_update_time in fault_dirty_shared_page.)
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
    Tree<Page, &Page::cache_node, PageIndexKey> pages GUARDED_BY(lock);
    AutoUnlinkList<VmArea, &VmArea::i_mmap_link> i_mmap GUARDED_BY(lock); // every VMA that maps it, for truncation
};

// The cached page at `index` with a reference, or nullptr.
Page* find_get_page(AddressSpace& mapping, u32 index);

// The page at `index` with a reference, made and filled if it was not cached. *major is set if filling waited for a
// device. May sleep. NOMEM, IO. Does not look at size.
Result<Page*> read_mapping_page(AddressSpace& mapping, u32 index, bool* major);

// Sets the size. Shrinking unmaps and frees what lies past it and zeroes the tail of the last page, so that later
// access faults with SIGBUS (Linux: truncate_setsize). Caller holds the file's own write lock and no mmap lock.
void truncate_setsize(AddressSpace& mapping, u64 size);

// Frees the pages [first, end) of a file that stays as long as it is: it has zeros there from now on. Caller as above,
// but may hold an mmap lock for reading. (Linux: shmem_fallocate with FALLOC_FL_PUNCH_HOLE.)
void truncate_pagecache_range(AddressSpace& mapping, u32 first, u32 end);

// Frees every cached page; nothing maps the file any more.
void truncate_inode_pages(AddressSpace& mapping);

// An AddressSpace without a name, all zeros, of `size` bytes, with one reference: what MAP_SHARED|MAP_ANONYMOUS and
// memfd_create use (Linux: shmem_zero_setup). NOMEM.
Result<AddressSpace*> shmem_new(u64 size, const char* name);

inline void get_mapping(AddressSpace& mapping) { mapping.ops->get(mapping); }
inline void put_mapping(AddressSpace& mapping) { mapping.ops->put(mapping); }

u64 next_inode_number(); // 1, 2, 3 … never reused

// The fault side of a file mapping (Linux: filemap_fault, filemap_map_pages), for mm/memory.cpp.
struct VmFaultContext;

// Finds or fills the page that vmf asks for: vmf.page, with a reference. VmFault bits: SIGBUS past the end of the file,
// OOM, MAJOR. Caller holds the mmap lock.
u32 filemap_fault(VmFaultContext& vmf);

// Fault-around: maps, young and clean, those of the 16 pages around vmf.address that are cached and not mapped yet.
// Returns whether vmf.address itself is mapped now. Caller holds the mmap lock.
bool filemap_map_pages(VmFaultContext& vmf);

} // namespace faultline
