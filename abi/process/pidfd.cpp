// Makes pidfds, and serves the system calls that take one. (Linux kernel/pid.c, kernel/fork.c.)
#include "abi/process/pidfd.hpp"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "abi/fs/anon_inode.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/process/access.hpp"
#include "abi/signal/kill.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/pid_ref.hpp"
#include "abi/task/thread_group.hpp"
#include "base/late.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache pidfd_cache{"pidfd", sizeof(PidRef), alignof(PidRef)};
constinit Late<WaitQueue> pollers; // one queue for all pidfds

// The process of a pidfd; nullptr if its parent has waited for it.
ThreadGroup* process_of(const File& file) {
    const Task* leader = static_cast<const PidRef*>(file.private_data)->task();
    return leader != nullptr ? leader->group : nullptr;
}

// A pidfd becomes readable when its process is dead (pidfd_open(2)).
u32 pidfd_poll(File& file, PollTable* table) {
    poll_wait(file, *pollers, table);
    const ThreadGroup* group = process_of(file);
    return group == nullptr || group_is_dead(*group) ? u32{POLLIN | POLLRDNORM} : 0;
}

void pidfd_release(File& file) { kmem_delete(pidfd_cache, static_cast<PidRef*>(file.private_data)); }

// The number as the reader's own getpid() would give it; -1: the process is gone.
void pidfd_show_fdinfo(const File& file, SeqFile& out) {
    const auto& pid = *static_cast<const PidRef*>(file.private_data);
    const int number = pid.task() != nullptr ? pid.number() : -1;
    out.printf("Pid:\t%d\nNSpid:\t%d\n", number, number);
}

constexpr FileOps pidfd_ops = {.poll = pidfd_poll, .release = pidfd_release, .show_fdinfo = pidfd_show_fdinfo};

} // namespace

Result<File*> pidfd_new(s32 pid) {
    auto* ref = kmem_new<PidRef>(pidfd_cache, TRY(get_task_pid(*find_group(pid)->leader)));
    if (ref == nullptr)
        return Err(Errno::NOMEM);
    auto file = anon_inode_getfile("anon_inode:[pidfd]", pidfd_ops, ref, O_RDWR);
    if (!file) {
        kmem_delete(pidfd_cache, ref);
        return Err(file.error());
    }
    return file->release();
}

Result<ThreadGroup*> pidfd_process(s32 fd, bool* nonblocking) {
    const FileRef file = TRY(fget_ref(fd));
    if (file->ops != &pidfd_ops)
        return Err(Errno::BADF);
    if (nonblocking != nullptr)
        *nonblocking = (file->flags & O_NONBLOCK) != 0;
    ThreadGroup* group = process_of(*file);
    if (group == nullptr)
        return Err(Errno::SRCH);
    return group;
}

Result<s32> sys_pidfd_open(s32 pid, u32 flags) {
    if ((flags & ~u32{O_NONBLOCK}) != 0 || pid <= 0)
        return Err(Errno::INVAL);
    const Task* task = find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    if (task->group->leader != task)
        return Err(Errno::INVAL);
    FileRef file(TRY(pidfd_new(pid)));
    file->flags |= flags;
    return fd_install(std::move(file), true);
}

namespace {

// The same, also of an open directory /proc/PID. (Linux kernel/pid.c pidfd_to_pid.)
Result<ThreadGroup*> pidfd_or_proc_process(s32 fd) {
    {
        const FileRef file = TRY(fget_ref(fd));
        const Inode& inode = *file->inode;
        if (inode.ops != nullptr && inode.ops->is_process) {
            const Task* task = inode.proc_pid.task();
            return task != nullptr ? Result<ThreadGroup*>(task->group) : Err(Errno::SRCH);
        }
    }
    return pidfd_process(fd);
}

} // namespace

Result<u32> sys_pidfd_send_signal(s32 fd, s32 sig, UserAddr user_info, u32 flags) {
    if (flags != 0)
        return Err(Errno::INVAL);
    ThreadGroup& group = *TRY(pidfd_or_proc_process(fd));
    if (sig < 0 || sig > SIGNAL_COUNT)
        return Err(Errno::INVAL);
    SigInfo info = siginfo_user(sig, SI_USER);
    if (user_info.value() != 0) {
        TRY_VOID(copy_struct_from_user(&info, user_info, sizeof info));
        if (info.signo != sig)
            return Err(Errno::INVAL);
        if ((info.code >= 0 || info.code == SI_TKILL) && &group != &current_group())
            return Err(Errno::PERM);
    }
    if (!may_signal(*group.leader, sig))
        return Err(Errno::PERM);
    if (sig != 0)
        TRY_VOID(send_group_sig_info(info, group));
    return 0u;
}

Result<s32> sys_pidfd_getfd(s32 pidfd, s32 target, u32 flags) {
    if (flags != 0)
        return Err(Errno::INVAL);
    const ThreadGroup& group = *TRY(pidfd_process(pidfd));
    if (!ptrace_may_access(*group.leader, PtraceMode::RealCreds))
        return Err(Errno::PERM);
    if (group.leader->files == nullptr)
        return Err(Errno::SRCH);
    FileRef file(lookup_fd(*group.leader->files, target));
    if (file.get() == nullptr)
        return Err(Errno::BADF);
    return fd_install(std::move(file), true);
}

void init_pidfd() { pollers.emplace(); }
void pidfd_notify() { wake_up_poll(*pollers, POLLIN | POLLRDNORM); }

} // namespace faultline
