// Waiting for any of several files (poll(2)).
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

void init_poll(); // at boot, before the first file is opened

// What `poll` reports for a file now: POLLIN | POLLOUT | POLLHUP | POLLERR …
u32 poll_file(File& file);

// To be called whenever the answer of some file's `poll` may have changed. All pollers look again: they are
// few, and one queue spares every file a list. From anywhere, interrupts included.
void poll_wake();

// System calls.
Result<u32> sys_poll(UserAddr fds, u32 count, s32 timeout_ms);
Result<u32> sys_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr sigmask,
                      u32 sigset_bytes); // 32-bit seconds
Result<u32> sys_ppoll_time64(UserAddr fds, u32 count, UserAddr timeout, UserAddr sigmask,
                             u32 sigset_bytes); // 64-bit

} // namespace faultline
