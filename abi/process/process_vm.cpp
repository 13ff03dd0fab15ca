// Reads, writes, advises on and releases the memory of another process. (Linux mm/process_vm_access.c, mm/madvise.c,
// mm/oom_kill.c.)
#include "abi/process/process_vm.hpp"

#include <linux/capability.h>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/process/access.hpp"
#include "abi/process/pidfd.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/kmalloc.hpp"
#include "mm/madvise.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/remote_memory.hpp"

namespace faultline {

namespace {

constexpr u32 IOV_MAX_COUNT = 1024;      // UIO_MAXIOV
constexpr u32 MAX_RW_COUNT = 0x7ffff000; // the most that one call moves, so that its result is positive

struct Segment { // struct iovec
    UserAddr base;
    u32 bytes = 0;
};

// A position in a list of segments. The list stays in user memory, and one entry is read at a time. What is more than
// MAX_RW_COUNT in all does not count (Linux lib/iov_iter.c import_iovec).
class SegmentList {
  public:
    // INVAL: more than IOV_MAX_COUNT segments, or one of 2 GiB or more. FAULT.
    static Result<SegmentList> open(UserAddr list, u32 count) {
        if (count > IOV_MAX_COUNT)
            return Err(Errno::INVAL);
        SegmentList made;
        made.list_ = list;
        made.count_ = count;
        for (u32 i = 0; i < count; ++i) {
            const u32 bytes = TRY(made.read(i)).bytes;
            if (static_cast<s32>(bytes) < 0)
                return Err(Errno::INVAL);
            made.left_ = std::min(made.left_ + bytes, MAX_RW_COUNT);
        }
        return made;
    }
    u32 left() const { return left_; }

    // Sets `segment` to the unused rest of the first segment that has one. False: all are used up. FAULT.
    Result<bool> current(Segment& segment) {
        for (; index_ < count_ && left_ != 0; ++index_, used_ = 0) {
            segment = TRY(read(index_));
            if (used_ < segment.bytes) {
                segment = {segment.base + used_, std::min(segment.bytes - used_, left_)};
                return true;
            }
        }
        return false;
    }
    // `bytes` of what current() returned.
    void use(u32 bytes) {
        used_ += bytes;
        left_ -= bytes;
    }

  private:
    Result<Segment> read(u32 index) const {
        const UserAddr at = list_ + index * 2 * u32{sizeof(u32)};
        return Segment{UserAddr(TRY(get_user_u32(at))), TRY(get_user_u32(at + u32{sizeof(u32)}))};
    }

    UserAddr list_;
    u32 count_ = 0, index_ = 0, used_ = 0;
    u32 left_ = 0;
};

// Copies up to a page between the two processes, through the kernel's buffer `page`. FAULT, NOMEM, INTR.
Result<void> transfer(MmStruct& remote, Segment local, UserAddr there, u8* page, bool write) {
    if (!write) {
        TRY_VOID(read_remote_memory(remote, page, there, local.bytes));
        return copy_struct_to_user(local.base, page, local.bytes);
    }
    TRY_VOID(copy_struct_from_user(page, local.base, local.bytes));
    return write_remote_memory(remote, there, page, local.bytes);
}

Result<u32> transfer_all(MmStruct& mm, SegmentList local, SegmentList remote, u8* page, bool write) {
    u32 done = 0;
    for (;;) {
        Segment here, there;
        const bool more = TRY(local.current(here)) && TRY(remote.current(there));
        if (!more)
            return done;
        here.bytes = std::min({here.bytes, there.bytes, PAGE_SIZE - there.base.page_offset()});
        if (const auto moved = transfer(mm, here, there.base, page, write); !moved)
            return done != 0 ? Result<u32>(done) : Err(moved.error());
        local.use(here.bytes);
        remote.use(here.bytes);
        done += here.bytes;
    }
}

Result<u32> process_vm_rw(s32 pid, UserAddr local_list, u32 local_count, UserAddr remote_list, u32 remote_count,
                          u32 flags, bool write) {
    if (flags != 0)
        return Err(Errno::INVAL);
    const SegmentList local = TRY(SegmentList::open(local_list, local_count));
    if (local.left() == 0)
        return 0u;
    const SegmentList remote = TRY(SegmentList::open(remote_list, remote_count));
    if (remote.left() == 0)
        return 0u;
    const Task* task = find_task_by_vpid(pid);
    if (task == nullptr || task->mm.mm == nullptr)
        return Err(Errno::SRCH);
    if (!ptrace_may_access(*task, PtraceMode::RealCreds))
        return Err(Errno::PERM);
    const MmRef mm = MmRef::of(*task->mm.mm);
    auto* page = static_cast<u8*>(kmalloc(PAGE_SIZE));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    const auto done = transfer_all(*mm, local, remote, page, write);
    kfree(page);
    return done;
}

} // namespace

Result<u32> sys_process_vm_readv(s32 pid, UserAddr local, u32 local_count, UserAddr remote, u32 remote_count,
                                 u32 flags) {
    return process_vm_rw(pid, local, local_count, remote, remote_count, flags, false);
}
Result<u32> sys_process_vm_writev(s32 pid, UserAddr local, u32 local_count, UserAddr remote, u32 remote_count,
                                  u32 flags) {
    return process_vm_rw(pid, local, local_count, remote, remote_count, flags, true);
}

Result<u32> sys_process_madvise(s32 pidfd, UserAddr list, u32 count, u32 advice, u32 flags) {
    if (flags != 0)
        return Err(Errno::INVAL);
    SegmentList segments = TRY(SegmentList::open(list, count));
    const auto process = pidfd_process(pidfd);
    if (!process && process.error() == Errno::BADF)
        return Err(Errno::BADF);
    if (advice != MADV_COLD && advice != MADV_PAGEOUT && advice != MADV_WILLNEED)
        return Err(Errno::INVAL);
    const Task& task = *TRY(process)->leader;
    if (task.mm.mm == nullptr)
        return Err(Errno::SRCH);
    if (!ptrace_may_access(task, PtraceMode::RealCreds) || !capable(CAP_SYS_NICE))
        return Err(Errno::PERM);
    const MmRef mm = MmRef::of(*task.mm.mm);
    u32 done = 0;
    Segment segment;
    while (TRY(segments.current(segment))) {
        if (const auto advised = do_madvise(*mm, segment.base, segment.bytes, advice); !advised)
            return done != 0 ? Result<u32>(done) : Err(advised.error());
        segments.use(segment.bytes);
        done += segment.bytes;
    }
    return done;
}

// Frees the private pages of a process that has been killed, before it does so itself. Shared mappings stay. (Linux 6.1
// mm/oom_kill.c process_mrelease, __oom_reap_task_mm.)
Result<u32> sys_process_mrelease(s32 pidfd, u32 flags) {
    if (flags != 0)
        return Err(Errno::INVAL);
    const ThreadGroup& group = *TRY(pidfd_process(pidfd));
    if (group.leader->mm.mm == nullptr)
        return Err(Errno::SRCH);
    if (!group.group_exit)
        return Err(Errno::INVAL);
    const MmRef mm = MmRef::of(*group.leader->mm.mm); // the process may exit while this task waits for the lock
    const MmapReadGuard mmap_read(*mm);
    oom_reap_mm(mmap_read);
    return 0u;
}

} // namespace faultline
