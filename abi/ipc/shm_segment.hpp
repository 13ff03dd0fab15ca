// A segment of System V shared memory. Private to abi/ipc.
#pragma once

#include <atomic>

#include "abi/cred/user.hpp"
#include "abi/ipc/ipc.hpp"
#include "base/refcount.hpp"
#include "mm/filemap.hpp"
#include "mm/overcommit.hpp"

namespace faultline {

// An object with an id, and a file.
struct ShmSegment : IpcPerm, AddressSpace {
    u32 segsz = 0;                    // bytes, as the program asked for
    UserCharge user_charge;           // all of it: it stays when its maker has ended
    VmCharge charge;                  // all of it; nothing, if it was made with SHM_NORESERVE and counts page by page
    Refcount references{1};           // VMAs, others that use it, and the id until the segment is removed
    std::atomic<u32> attached{0};     // VMAs, and calls of shmat(2) that make one
    bool removed = false;             // by IPC_RMID; the last reference frees it
    UserStruct* mlock_user = nullptr; // who has locked it with SHM_LOCK, with a reference
    s32 creator_pid = 0, last_pid = 0;
    u64 atime = 0, dtime = 0, ctime = 0; // seconds since 1970
};

extern IpcIds shm_ids; // a removed segment stays while it is mapped

// SHM_LOCK and SHM_UNLOCK: whether its pages stay in memory, once a fault has brought them there. NOMEM: all that current's user has
// locked in this way is more than RLIMIT_MEMLOCK. (Linux: shmem_lock, user_shm_lock.)
Result<void> shm_lock(ShmSegment& segment);
void shm_unlock(ShmSegment& segment);

// Removes the key. The segment is freed with its last mapping.
void shm_remove(ShmSegment& segment);

} // namespace faultline
