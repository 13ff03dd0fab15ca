// Regular files: their data is the page cache of their inode.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

extern const FileOps regular_file_ops;

inline constexpr u64 FILE_SIZE_MAX = u64{1} << 43; // what a 31-bit page index reaches; offsets past it are FBIG

// Writes kernel memory at `position`, growing the file. Caller is alone with the inode (boot). NOMEM.
Result<void> write_kernel(Inode& inode, const void* data, u32 bytes, u64 position);

// Sets the size of a regular file. FBIG. Takes the inode's lock; no mmap lock held.
Result<void> truncate_inode(Inode& inode, u64 size);

// Reads into kernel memory: from an open file, or from its inode. Returns the bytes read, fewer only at the end of the file.
// INVAL: not a regular file.
Result<u32> kernel_read(File& file, void* buffer, u32 bytes, u64 position);
Result<u32> read_kernel(Inode& inode, void* buffer, u32 bytes, u64 position);

} // namespace faultline
