// Pipes and FIFOs (pipe(7)): a ring of 64 KiB between those who have it open for writing and for reading.
#pragma once

#include "kernel/fs/inode.hpp"

namespace faultline {

inline constexpr u32 PIPE_CAPACITY = 65536;
inline constexpr u32 PIPE_BUF_BYTES = 4096; // PIPE_BUF: writes of at most this many bytes are not interleaved

extern const FileOps pipe_file_ops;

// Opens a FIFO's inode for `file`, whose flags say how; blocks for the other side as fifo(7) says. NOMEM,
// NXIO, RESTARTSYS. On success the file's release undoes it.
Result<void> fifo_open(Inode& inode, File& file);

} // namespace faultline
