// Waiting until one of several files is ready (poll(2)).
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

// What is ready on a file now: POLLIN | POLLOUT | POLLHUP | POLLERR …; POLLNVAL of O_PATH. Does not sleep. If there is
// a table, its owner is told from now on when that may have changed. (Linux: vfs_poll.)
u32 poll_file(File& file, PollTable* table);

// System calls (contract: abi/syscall/table.cpp). Return how many entries are ready; 0 after the timeout. A negative
// `timeout_ms` or a null `timeout` waits without limit. INTR: a handler ran; INVAL: more entries than RLIMIT_NOFILE
// says, a bad time, or a bad `sigset_bytes`; NOMEM, FAULT.
Result<u32> sys_poll(UserAddr fds, u32 count, s32 timeout_ms);
// The time span of sys_ppoll() has 32-bit fields, that of sys_ppoll_time64() 64-bit ones.
Result<u32> sys_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr sigmask, u32 sigset_bytes);
Result<u32> sys_ppoll_time64(UserAddr fds, u32 count, UserAddr timeout, UserAddr sigmask, u32 sigset_bytes);

} // namespace faultline
