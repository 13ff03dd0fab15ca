// shmctl(2). (Linux ipc/shm.c: shmctl_down, shmctl_stat, shmctl_ipc_info, shmctl_shm_info.)
#include <asm/shmbuf.h>
#include <linux/capability.h>
#include <linux/ipc.h>

#include "abi/cred/cred.hpp"
#include "abi/ipc/ipc.hpp"
#include "abi/ipc/limits.hpp"
#include "abi/ipc/shm_segment.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// linux/shm.h, which cannot be included here because it needs a C library.
constexpr s32 SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15;
constexpr u32 SHM_DEST = 01000; // in the mode: removed, not yet detached everywhere
constexpr u32 SHM_LOCKED = 02000;
struct shm_info {
    s32 used_ids;
    u32 shm_tot, shm_rss, shm_swp; // pages
    u32 swap_attempts, swap_successes;
};

Result<s32> put_limits(UserAddr buffer) {
    shminfo64 info = {};
    info.shmmax = ipc_limits.shmmax;
    info.shmmin = SHMMIN;
    info.shmmni = info.shmseg = ipc_limits.shmmni;
    info.shmall = ipc_limits.shmall;
    TRY_VOID(copy_struct_to_user(buffer, &info, sizeof info));
    return shm_ids.highest_index();
}

Result<s32> put_usage(UserAddr buffer) {
    shm_info info = {};
    info.used_ids = static_cast<s32>(shm_ids.in_use());
    for (s32 i = 0; i <= shm_ids.highest_index(); ++i) {
        const auto* segment = static_cast<const ShmSegment*>(shm_ids.at_index(i));
        if (segment == nullptr)
            continue;
        info.shm_tot += page_align_up(segment->segsz) >> PAGE_SHIFT;
        info.shm_rss += segment->nr_pages;
        info.shm_swp += segment->nr_swapped;
    }
    TRY_VOID(copy_struct_to_user(buffer, &info, sizeof info));
    return shm_ids.highest_index();
}

Result<s32> put_status(s32 id, IpcStat stat, UserAddr buffer) {
    const auto* segment = TRY(ipc_obtain_stat<ShmSegment>(shm_ids, id, stat));
    shmid64_ds status = {};
    status.shm_perm = ipc_perm_to_user(*segment);
    status.shm_perm.mode = static_cast<__kernel_mode_t>(status.shm_perm.mode | (segment->removed ? SHM_DEST : 0) |
                                                        (segment->mlock_user != nullptr ? SHM_LOCKED : 0));
    status.shm_segsz = segment->segsz;
    ipc_put_time(status.shm_atime, status.shm_atime_high, segment->atime);
    ipc_put_time(status.shm_dtime, status.shm_dtime_high, segment->dtime);
    ipc_put_time(status.shm_ctime, status.shm_ctime_high, segment->ctime);
    status.shm_cpid = segment->creator_pid;
    status.shm_lpid = segment->last_pid;
    status.shm_nattch = segment->attached;
    const s32 result = ipc_stat_result(*segment, stat);
    // Copying may sleep, and the segment may be gone afterwards.
    TRY_VOID(copy_struct_to_user(buffer, &status, sizeof status));
    return result;
}

Result<s32> set_owner(s32 id, UserAddr buffer) {
    shmid64_ds wanted;
    TRY_VOID(copy_struct_from_user(&wanted, buffer, sizeof wanted));
    auto* segment = TRY(ipc_obtain_control<ShmSegment>(shm_ids, id));
    ipc_update_perm(*segment, wanted.shm_perm);
    segment->ctime = ipc_now();
    return 0;
}

// (Linux: shmctl_do_lock.)
Result<s32> set_locked(s32 id, bool on) {
    auto* segment = TRY(ipc_obtain<ShmSegment>(shm_ids, id));
    const u32 uid = current_cred().euid;
    const bool owns = uid == segment->uid || uid == segment->cuid;
    if (!capable(CAP_IPC_LOCK) && (!owns || (on && !current_mm_rights().may_lock)))
        return Err(Errno::PERM);
    if (on)
        TRY_VOID(shm_lock(*segment));
    else
        shm_unlock(*segment);
    return 0;
}

} // namespace

Result<s32> sys_shmctl(s32 id, s32 command, UserAddr buffer) {
    command &= ~IPC_64; // on ARM, programs always use the new structures
    if (id < 0 || command < 0)
        return Err(Errno::INVAL);
    switch (command) {
    case IPC_INFO:
        return put_limits(buffer);
    case SHM_INFO:
        return put_usage(buffer);
    case IPC_STAT:
        return put_status(id, IpcStat::ById, buffer);
    case SHM_STAT:
        return put_status(id, IpcStat::ByIndex, buffer);
    case SHM_STAT_ANY:
        return put_status(id, IpcStat::AnyByIndex, buffer);
    case IPC_SET:
        return set_owner(id, buffer);
    case IPC_RMID:
        shm_remove(*TRY(ipc_obtain_control<ShmSegment>(shm_ids, id)));
        return 0;
    case SHM_LOCK:
    case SHM_UNLOCK:
        return set_locked(id, command == SHM_LOCK);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
