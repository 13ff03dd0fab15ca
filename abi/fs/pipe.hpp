// Pipes and FIFOs (pipe(7)): a ring of pages that the writers fill and the readers empty.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

extern const FileOps pipe_file_ops;

// Opens a FIFO, or one side of a new pipe, for `file`, whose flags say how. Waits for the other side as fifo(7) says.
// NOMEM, NFILE, RESTARTSYS; NXIO: O_NONBLOCK for writing, without a reader. On success, FileOps::release undoes it.
Result<void> fifo_open(Inode& inode, File& file);

// F_GETPIPE_SZ and F_SETPIPE_SZ of fcntl(2). Both return the size in bytes. BADF: not a pipe; INVAL: too large; PERM:
// above a limit; BUSY: the contents do not fit; NOMEM.
Result<u32> pipe_size(File& file);
Result<u32> set_pipe_size(File& file, u32 bytes);

// /proc/sys/fs/pipe-max-size (bytes), pipe-user-pages-soft and -hard (pages; 0: no limit). INVAL: out of range.
enum PipeLimit : u8 { PIPE_MAX_SIZE, PIPE_USER_PAGES_SOFT, PIPE_USER_PAGES_HARD };
u32 pipe_limit(PipeLimit limit);
Result<void> set_pipe_limit(PipeLimit limit, u64 value);

// System calls (contract: abi/syscall/table.cpp). `fds` receives two descriptors, the one for reading first. `flags`:
// O_CLOEXEC, O_NONBLOCK, O_DIRECT. INVAL, MFILE, NFILE, NOMEM, FAULT; NOPKG: O_EXCL, which asks for a notification
// pipe.
Result<u32> sys_pipe(UserAddr fds);
Result<u32> sys_pipe2(UserAddr fds, u32 flags);

} // namespace faultline
