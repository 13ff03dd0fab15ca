// The System V objects as text: /proc/sysvipc (sysvipc(7), proc(5)), and the ids of the next ones for /proc/sys/kernel.
#pragma once

#include "abi/fs/seq_file.hpp"
#include "base/types.hpp"

namespace faultline {

// A heading and a line for each object that current may read. They take the lock of the objects.
void show_message_queues(SeqFile& out);
void show_semaphore_sets(SeqFile& out);
void show_shared_memory(SeqFile& out);

enum class IpcKind : u8 { Messages, Semaphores, SharedMemory };
s32 ipc_next_id(IpcKind kind);              // -1: none is chosen
void set_ipc_next_id(IpcKind kind, s32 id); // 0 or more; the next object gets it if it is free

} // namespace faultline
