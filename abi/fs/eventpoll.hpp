// epoll(7): an instance watches many files, and its waiters get those that are ready. (Linux fs/eventpoll.c.)
#pragma once

#include "abi/fs/file.hpp"

namespace faultline {

void init_eventpoll(); // at boot, before the first file is opened

// The last reference to `file` is gone: no instance watches it any more. Caller holds the kernel lock.
void eventpoll_release(File& file);

// How many files one user may watch, for /proc/sys/fs/epoll/max_user_watches. INVAL: does not fit in 31 bits.
u32 epoll_max_user_watches();
Result<void> set_epoll_max_user_watches(u64 value);

// System calls (contract: abi/syscall/table.cpp). `flags`: EPOLL_CLOEXEC. INVAL, MFILE, NOMEM.
Result<s32> sys_epoll_create(s32 size);
Result<s32> sys_epoll_create1(u32 flags);

// FAULT; BADF; PERM: the file cannot be polled; INVAL: `epfd` is not an epoll descriptor or is `fd`, an unknown
// operation, EPOLLEXCLUSIVE where it is not allowed, or too many nested instances watch one file; LOOP: instances would
// watch one another, or be nested too deep; EXIST, NOENT; NOSPC: the user's limit; NOMEM.
Result<u32> sys_epoll_ctl(s32 epfd, s32 operation, s32 fd, UserAddr event);

// Return how many events they have written: at most `most`, and 0 after the timeout. A negative `timeout_ms` or a null
// `timeout` waits without limit; `timeout` has 64-bit fields. INTR: a signal; INVAL; BADF; FAULT.
Result<u32> sys_epoll_wait(s32 epfd, UserAddr events, s32 most, s32 timeout_ms);
Result<u32> sys_epoll_pwait(s32 epfd, UserAddr events, s32 most, s32 timeout_ms, UserAddr sigmask, u32 sigset_bytes);
Result<u32> sys_epoll_pwait2(s32 epfd, UserAddr events, s32 most, UserAddr timeout, UserAddr sigmask, u32 sigset_bytes);

} // namespace faultline
