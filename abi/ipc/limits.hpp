// How many System V objects there may be, and how large: /proc/sys/kernel, in the units of proc(5). Guarded by nothing: a
// call reads each once. (Linux: struct ipc_namespace.)
#pragma once

#include <linux/msg.h>
#include <linux/sem.h>

#include "base/relaxed.hpp"
#include "base/types.hpp"

namespace faultline {

// linux/shm.h, which cannot be included here because it needs a C library.
inline constexpr u32 SHMMNI = 4096, SHMMIN = 1, SHMMAX = ~u32{0} - (1u << 24), SHMALL = SHMMAX;

inline constexpr u32 IPCMNI = 32768; // ids of one kind that there can be (Linux: the same name)

struct IpcLimits {
    Relaxed<u32> msgmax = MSGMAX, msgmnb = MSGMNB, msgmni = MSGMNI;
    Relaxed<u32> semmsl = SEMMSL, semmns = SEMMNS, semopm = SEMOPM, semmni = SEMMNI;
    Relaxed<u32> shmmax = SHMMAX, shmall = SHMALL, shmmni = SHMMNI; // shmall in pages
};
inline constinit IpcLimits ipc_limits;

} // namespace faultline
