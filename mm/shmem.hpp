// Memory as a file: tmpfs, what limits it, and shared memory without a name in any directory. (Linux: mm/shmem.c.)
#pragma once

#include <atomic>

#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "mm/filemap.hpp"
#include "mm/overcommit.hpp"

namespace faultline {

// One tmpfs: how much it may hold, and how much it does. Each of its inodes has a reference. (Linux: shmem_sb_info.)
struct ShmemSbInfo {
    Relaxed<u32> max_blocks = 0; // pages its files may have; 0: as many as there are
    Relaxed<u32> max_inodes = 0; // files, and names beyond the first of each; 0: no limit
    std::atomic<u32> used_blocks = 0, used_inodes = 0;
    Refcount references{1};
};

// A tmpfs with these limits; nullptr: out of memory. (Linux: shmem_fill_super.)
[[nodiscard]] ShmemSbInfo* shmem_sb_new(u32 max_blocks, u32 max_inodes);
inline void shmem_sb_get(ShmemSbInfo& sb) { sb.references.inc(); }
void shmem_sb_put(ShmemSbInfo& sb);

// What a tmpfs is limited to that nobody gave limits: half of memory, and an inode for each page of that. (Linux: the same
// names.)
u32 shmem_default_max_blocks();
inline u32 shmem_default_max_inodes() { return shmem_default_max_blocks(); }

// Pages of all files that have no storage. (Linux: NR_SHMEM.)
inline constinit std::atomic<u32> nr_shmem = 0;

// The kernel's own, without limits: a memfd is in it. (Linux: shm_mnt.)
inline constinit ShmemSbInfo shm_mnt;

// Whether there can be one more inode, or one more name of one; counts it, and one fewer. The caller holds what keeps others
// from making any, or it is a file of shm_mnt. (Linux: shmem_reserve_inode, shmem_free_inode.)
bool shmem_has_free_inode(const ShmemSbInfo& sb);
void shmem_count_inode(ShmemSbInfo& sb);
void shmem_free_inode(ShmemSbInfo& sb);

// A page more for a file of `sb`, before it is made; a page fewer. Also promises it (mm/overcommit.hpp). NOSPC. nullptr: its
// file was promised as a whole. Callable with spin locks held. (Linux: shmem_inode_acct_block, shmem_inode_unacct_blocks.)
Result<void> shmem_acct_block(ShmemSbInfo* sb);
void shmem_unacct_block(ShmemSbInfo* sb);

// The longest text of a symbolic link, with its NUL, that costs no block. (Linux: SHORT_SYMLINK_LEN.)
inline constexpr u32 SHORT_SYMLINK_LEN = 128;

// A file without a name in any directory, all zeros, of `size` bytes: what MAP_SHARED|MAP_ANONYMOUS uses. All of it is
// promised now, unless the flags have VM_NORESERVE: then page by page. `name` is for /proc/PID/maps, and outlives it. NOMEM.
// (Linux: shmem_zero_setup.)
Result<MappingRef> shmem_new(u64 size, const char* name, VmFlags flags = VM_NONE);

} // namespace faultline
