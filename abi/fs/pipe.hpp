// Pipes and FIFOs (pipe(7)): a ring of pages between those who have it open for writing and for reading.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

void init_pipes(); // at boot, before the first is made

extern const FileOps pipe_file_ops;

// Opens a FIFO's inode for `file`, whose flags say how; blocks for the other side as fifo(7) says. NOMEM,
// NXIO, RESTARTSYS. On success the file's release undoes it.
Result<void> fifo_open(Inode& inode, File& file);

// F_GETPIPE_SZ, F_SETPIPE_SZ of fcntl(2): bytes. BADF: no pipe; INVAL, PERM, BUSY, NOMEM.
Result<u32> pipe_size(File& file);
Result<u32> set_pipe_size(File& file, u32 bytes);

// /proc/sys/fs/pipe-max-size (bytes) and pipe-user-pages-soft and -hard (pages; 0: none). INVAL.
enum PipeLimit : u8 { PIPE_MAX_SIZE, PIPE_USER_PAGES_SOFT, PIPE_USER_PAGES_HARD };
u32 pipe_limit(PipeLimit limit);
Result<void> set_pipe_limit(PipeLimit limit, u64 value);

// System calls.
Result<u32> sys_pipe(UserAddr fds);
Result<u32> sys_pipe2(UserAddr fds, u32 flags);

} // namespace faultline
