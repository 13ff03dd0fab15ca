// Makes a task by copying or sharing each part of its parent. (Linux kernel/fork.c copy_process, kernel_clone.)
#include "abi/process/fork.hpp"

#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include <utility>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/ipc/sem.hpp"
#include "abi/process/pidfd.hpp"
#include "abi/process/release.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/rlimit.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/trace.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/task_stack.hpp"
#include "kernel/upcalls.hpp"
#include "mm/dup_mm.hpp"
#include "mm/mmap.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 NAMESPACE_FLAGS =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// Checks for flags that are not supported or exclude each other. Flags without effect here (CLONE_IO, and 0x400000,
// which old C libraries still pass) are accepted.
bool flags_valid(u64 flags) {
    if ((flags & CLONE_INTO_CGROUP) != 0)
        return false;
    if ((flags & CLONE_FS) != 0 && (flags & (CLONE_NEWNS | CLONE_NEWUSER)) != 0)
        return false;
    if ((flags & CLONE_THREAD) != 0 && (flags & (CLONE_NEWPID | CLONE_NEWUSER)) != 0)
        return false;
    if ((flags & CLONE_PIDFD) != 0 && (flags & CLONE_THREAD) != 0) // pidfds are for processes
        return false;
    if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_CLEAR_SIGHAND) != 0)
        return false;
    if ((flags & CLONE_THREAD) != 0 && (flags & CLONE_SIGHAND) == 0)
        return false;
    if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0)
        return false;
    return (flags & CLONE_PARENT) == 0 || current_group().parent != nullptr;
}

// There is one namespace of each kind. PERM: current might not have another one anyway; INVAL. (Linux 6.1 copy_creds,
// copy_namespaces, without CONFIG_NAMESPACES.)
Result<void> check_namespaces(u64 flags) {
    if ((flags & NAMESPACE_FLAGS) == 0)
        return {};
    if ((flags & CLONE_NEWUSER) == 0 && !capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    return Err(Errno::INVAL);
}

// Counts one more thread with the parent's user. AGAIN: that is more than RLIMIT_NPROC, which does not bind privileged users; or
// there are as many threads as the machine may have. First of all, so that who forks again and again costs little. (Linux:
// copy_creds, is_rlimit_overlimit.)
Result<void> count_process(const Task& parent) {
    std::atomic<u32>& processes = parent.cred->user->processes;
    const u32 count = processes.fetch_add(1, std::memory_order_relaxed) + 1;
    const bool bound = parent.cred->uid != 0 && is_unprivileged_user();
    if ((!bound || count <= parent.group->limits[RLIMIT_NPROC].soft) && task_count() < max_threads)
        return {};
    processes.fetch_sub(1, std::memory_order_relaxed);
    return Err(Errno::AGAIN);
}

// The new task, which has its parent's credentials and nothing else yet. AGAIN, NOMEM.
Result<Task*> new_child(Task& parent) {
    TRY_VOID(count_process(parent));
    Result<Task*> child = alloc_task();
    if (!child) {
        parent.cred->user->processes.fetch_sub(1, std::memory_order_relaxed);
        return child;
    }
    (*child)->cred = &get_cred(*parent.cred); // from here on free_task() counts one fewer
    (*child)->nproc_exceeded = std::exchange(parent.nproc_exceeded, false);
    return child;
}

Result<void> copy_mm(Task& child, u64 flags) {
    MmStruct& own = *current()->mm.mm;
    MmRef mm = (flags & CLONE_VM) != 0 ? MmRef::of(own) : TRY(dup_mm(own));
    child.mm.mm = mm.release();
    return {};
}

Result<void> copy_files(Task& child, u64 flags) {
    const Task& parent = *current();
    child.files = (flags & CLONE_FILES) != 0 ? &files_get(*parent.files) : TRY(files_dup(*parent.files));
    child.fs = (flags & CLONE_FS) != 0 ? &fs_get(*parent.fs) : TRY(fs_dup(*parent.fs));
    return {};
}

Result<void> copy_signals(Task& child, u64 flags) {
    const Task& parent = *current();
    child.blocked = parent.blocked;
    // A thread gets a stack of its own, so it does not inherit the alternate stack (sigaltstack(2)).
    if ((flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
        child.sas_sp = parent.sas_sp;
        child.sas_size = parent.sas_size;
        child.sas_flags = parent.sas_flags;
    }
    if ((flags & CLONE_SIGHAND) != 0) {
        child.sighand = parent.sighand;
        child.sighand->references.inc();
    } else {
        child.sighand = TRY(sighand_dup(*parent.sighand));
        if ((flags & CLONE_CLEAR_SIGHAND) != 0)
            flush_signal_handlers(*child.sighand);
    }
    return {};
}

Result<ThreadGroup*> copy_group(Task& child, u64 flags) {
    ThreadGroup& own = current_group();
    if ((flags & CLONE_THREAD) != 0)
        return &own;
    ThreadGroup* group = TRY(group_new());
    group->leader = &child;
    group->parent = (flags & CLONE_PARENT) != 0 ? own.parent : &own;
    group->parent_pid = group->parent->pid;
    group->parent_tid = (flags & CLONE_PARENT) != 0 ? own.parent_tid : current()->pid;
    group->pgid = own.pgid;
    group->sid = own.sid;
    group->tty = own.tty;
    group->dumpable = own.dumpable;
    group->thp_disabled = own.thp_disabled;
    group->no_new_privs = own.no_new_privs;
    group->coredump_filter = own.coredump_filter;
    group->oom_score_adj = own.oom_score_adj;
    group->oom_score_adj_min = own.oom_score_adj_min;
    group->personality = own.personality;
    group->membarrier_registered = own.membarrier_registered;
    for (u32 i = 0; i < RLIM_COUNT; ++i)
        group->limits[i] = ResourceLimit(own.limits[i]);
    return group;
}

// Frees a task that is only partly made and not yet in any table.
void abandon(Task& child) {
    if (child.mm.mm != nullptr)
        mmput(*child.mm.mm);
    if (child.files != nullptr)
        files_put(*child.files);
    if (child.fs != nullptr)
        fs_put(*child.fs);
    if (child.sighand != nullptr)
        sighand_put(*child.sighand);
    exit_sem(child);
    free_task(child);
}

// The first code that the child runs, on its own stack.
void ret_from_fork(void*) {
    schedule_tail();
    Task& task = *current();
    if (task.set_child_tid.value() != 0) // a bad address is ignored, as in Linux schedule_tail()
        (void)put_user_u32(task.set_child_tid, static_cast<u32>(task.pid));
    return_to_user(task_user_regs(task));
}

void copy_thread(Task& child, const CloneArguments& arguments) {
    PtRegs& regs = task_user_regs(child);
    regs = task_user_regs(*current());
    regs.r[0] = 0;
    if (arguments.stack.value() != 0)
        regs.sp = arguments.stack.value();
    init_context(child.context, task_stack_top(child), ret_from_fork, nullptr);
    save_user_state(child.context);
    if ((arguments.flags & CLONE_SETTLS) != 0)
        child.context.tpidruro = arguments.tls;
}

Result<void> copy_resources(Task& child, u64 flags) {
    TRY_VOID(copy_semundo(child, static_cast<u32>(flags)));
    TRY_VOID(copy_files(child, flags));
    TRY_VOID(copy_signals(child, flags));
    return copy_mm(child, flags);
}

void publish(Task& child, ThreadGroup& group) {
    const TaskListLocked lock;
    if (group.leader == &child) {
        group.pid = child.pid;
        group.parent->children.push_back(group);
    }
    link_thread(child, group);
}

// With CLONE_PARENT the child is a sibling of current's process and gets the same exit signal as that has.
s32 exit_signal_of_child(const CloneArguments& arguments) {
    if ((arguments.flags & CLONE_THREAD) != 0)
        return 0;
    return (arguments.flags & CLONE_PARENT) != 0 ? current_group().leader->exit_signal : arguments.exit_signal;
}

Result<Task*> copy_process(const CloneArguments& arguments) {
    const u64 flags = arguments.flags;
    if (!flags_valid(flags))
        return Err(Errno::INVAL);
    TRY_VOID(check_namespaces(flags));
    // A signal to the whole process group must be handled before the child exists, or reach the child too.
    if (signal_pending())
        return Err(Errno::RESTARTNOINTR);
    Task& parent = *current();
    Task& child = *TRY(new_child(parent));
    __builtin_memcpy(child.comm, parent.comm, sizeof child.comm);
    child.timer_slack_ns = child.default_timer_slack_ns = parent.timer_slack_ns;
    if (const auto copied = copy_resources(child, flags); !copied) {
        abandon(child);
        return Err(copied.error());
    }
    if (fatal_signal_pending()) { // one may have come meanwhile: copying can take long
        abandon(child);
        return Err(Errno::INTR);
    }
    const auto pid = alloc_pid(arguments.pid);
    const Result<ThreadGroup*> group = pid ? copy_group(child, flags) : Err(pid.error());
    if (!group) {
        abandon(child);
        return Err(group.error());
    }
    child.pid = pid.value();
    sched_fork(child, parent);
    child.exit_signal = exit_signal_of_child(arguments);
    if ((flags & CLONE_CHILD_SETTID) != 0)
        child.set_child_tid = arguments.child_tid;
    if ((flags & CLONE_CHILD_CLEARTID) != 0)
        child.clear_child_tid = arguments.child_tid;
    copy_thread(child, arguments);
    TRACE(SchedProcessFork, parent.pid, child.pid);
    publish(child, *group.value());
    return &child;
}

// Makes a pidfd for the child in current's table and writes its number to `to`. The child has not run yet. MFILE,
// NOMEM, FAULT.
Result<void> give_pidfd(Task& child, UserAddr to) {
    FileRef file(TRY(pidfd_new(child.pid)));
    const s32 fd = TRY(fd_install(*file, 0, true));
    file.release();
    if (const auto put = put_user_u32(to, static_cast<u32>(fd)); !put) {
        (void)close_fd(fd);
        return put;
    }
    return {};
}

// Undoes a child that is in the tables but has not run. futex_exit() is needed because a task may already wait for a PI
// futex whose word names the child as owner.
void abandon_published(Task& child) {
    ThreadGroup& group = *child.group;
    child.exiting = true;
    futex_exit(child);
    mmput(*std::exchange(child.mm.mm, nullptr));
    files_put(*child.files);
    fs_put(*child.fs);
    exit_sem(child);
    child.state = TaskState::Zombie;
    release_group(group);
}

// What copy_process() needs is the kernel's own memory, but without it nobody gets anything done. Where it fails because memory
// is gone, not because it is promised to others, a process dies for it, as for a page of a program. If what is left is only too
// scattered, that helps little, so it ends. (Another may have found no memory meanwhile: then it is tried once more than
// necessary.)
Result<Task*> copy_process_or_wait(const CloneArguments& arguments) {
    constexpr u32 MAX_RECLAIM_RETRIES = 16; // Linux: the same name
    for (u32 retries = 0;; ++retries) {
        const u32 failed = nr_failed_allocations.load(std::memory_order_relaxed);
        const Result<Task*> child = copy_process(arguments);
        if (child || child.error() != Errno::NOMEM || nr_failed_allocations.load(std::memory_order_relaxed) == failed)
            return child;
        if (retries == MAX_RECLAIM_RETRIES || !out_of_memory())
            return child;
    }
}

} // namespace

Result<s32> kernel_clone(const CloneArguments& arguments) {
    Task& child = *TRY(copy_process_or_wait(arguments));
    const s32 pid = child.pid;
    if ((arguments.flags & CLONE_PIDFD) != 0)
        if (const auto given = give_pidfd(child, arguments.pidfd); !given) {
            abandon_published(child);
            return Err(given.error());
        }
    if ((arguments.flags & CLONE_PARENT_SETTID) != 0)
        (void)put_user_u32(arguments.parent_tid, static_cast<u32>(pid)); // an error is ignored, as in Linux
    Completion vfork_done;
    if ((arguments.flags & CLONE_VFORK) != 0)
        child.vfork_done = &vfork_done;
    wake_up_new_task(child);
    if ((arguments.flags & CLONE_VFORK) != 0) {
        const auto waited = wait_for_completion_killable(vfork_done);
        if (!waited) // current was killed. The child, which still runs, must not use `vfork_done` any more
            child.vfork_done = nullptr;
    }
    return pid;
}

} // namespace faultline
