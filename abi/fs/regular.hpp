// Regular files: their data is the page cache of their inode.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

// The operations of open regular files.
extern const FileOps regular_file_ops;

// The largest size of a file, which a 31-bit page index reaches. Offsets past it are FBIG.
inline constexpr u64 FILE_SIZE_MAX = u64{1} << 43;

// Writes kernel memory at `position`; the file grows as needed. Caller is the only user of the inode (boot). NOMEM.
Result<void> write_kernel(Inode& inode, const void* data, u32 bytes, u64 position);

// Sets the size of a regular file, in bytes. FBIG: above FILE_SIZE_MAX, or above RLIMIT_FSIZE (then with SIGXFSZ).
// PERM: its seals forbid it. Takes the inode's lock; the caller holds no mmap lock. extend_inode() leaves a file alone
// that is larger, also if it has grown meanwhile.
Result<void> truncate_inode(Inode& inode, u64 size);
Result<void> extend_inode(Inode& inode, u64 size);

// Reads an open file into kernel memory. Returns the bytes read, fewer than asked only at the end of the file. INVAL: a file
// without page cache; IO, NOMEM.
Result<u32> kernel_read(File& file, void* buffer, u32 bytes, u64 position);

} // namespace faultline
