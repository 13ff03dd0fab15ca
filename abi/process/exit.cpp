// Ends threads and processes. (Linux kernel/exit.c.)
//
// A thread that is not the leader is freed as soon as it has exited. The leader stays as a zombie until the parent has
// waited for the process, even if other threads live longer, because its id is that of the process.
#include "abi/process/exit.hpp"

#include "abi/fs/files.hpp"
#include "abi/ipc/sem.hpp"
#include "abi/memory/oom_kill.hpp"
#include "abi/process/coredump.hpp"
#include "abi/process/release.hpp"
#include "abi/signal/jobctl.hpp"
#include "abi/signal/notify.hpp"
#include "abi/signal/pending.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/system/reboot.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/posix_timers.hpp"
#include "abi/tty/tty.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/concurrency.hpp"
#include "base/trace.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

// Ends the machine when process 1 has ended, with its exit status, or 128 plus the signal that killed it.
[[noreturn]] void exit_machine(s32 code) {
    const s32 signal = code & 0x7f;
    power_off(static_cast<u8>(signal != 0 ? 128 + signal : code >> 8));
}

void exit_mm(Task& task) {
    mm_release(task);
    MmStruct* mm = task.mm.mm;
    const u32 rss = get_mm_rss(*mm);
    task.group->dead_threads.add({{}, 0, 0, rss});
    use_mm(nullptr);
    mmput(*mm);
}

void exit_files(Task& task) {
    // Closing may sleep, and others who find the task in /proc must not find files that are closed.
    files_put(*std::exchange(task.files, nullptr));
    fs_put(*std::exchange(task.fs, nullptr));
}

// The new parent of orphans: the nearest ancestor that is a subreaper, or process 1 (prctl(2), PR_SET_CHILD_SUBREAPER).
ThreadGroup& find_new_reaper(const ThreadGroup& group) {
    for (ThreadGroup* ancestor = group.parent; ancestor != nullptr; ancestor = ancestor->parent)
        if (ancestor->child_subreaper && ancestor->live != 0)
            return *ancestor;
    return *find_group(1);
}

// Gives the children of a dead process a new parent. If a child is already dead, the new parent is notified at once.
void forget_original_parent(ThreadGroup& group) {
    ThreadGroup& reaper = find_new_reaper(group);
    while (!group.children.empty()) {
        ThreadGroup& child = group.children.front();
        group.children.pop_front();
        child.parent = &reaper;
        child.parent_pid = reaper.pid;
        child.parent_tid = 0;
        reaper.children.push_back(child);
        child.leader->exit_signal = SIGCHLD;
        for (Task& thread : child.threads)
            if (thread.pdeath_signal != 0)
                (void)send_group_sig_info(siginfo_user(thread.pdeath_signal, SI_USER), thread);
        kill_orphaned_pgrp(child, &group);
        if (group_is_dead(child) && do_notify_parent(child, SIGCHLD))
            release_group(child);
    }
}

// Notifies the parent when all threads have exited. If the parent does not wait for its children, releases the process.
void group_died(ThreadGroup& group) {
    Task& leader = *group.leader;
    if (!do_notify_parent(group, leader.exit_signal))
        return;
    if (&leader != current()) {
        release_group(group);
        return;
    }
    const TaskListLocked lock;
    group.parent->children.erase(group.parent->children.iterator_to(group));
    leave_group(leader);
    leader.state = TaskState::Dead;
}

void exit_notify(Task& task) {
    ThreadGroup& group = *task.group;
    if (&task == group.leader) {
        const SigLocked lock; // a sender that saw the task asleep finishes its wake-up before the state changes
        task.state = TaskState::Zombie;
    } else {
        const TaskListLocked lock;
        group.dead_threads.add(task_use(task));
        leave_group(task);
        group.unburied.fetch_add(1, std::memory_order_relaxed);
        task.buried_for = std::exchange(task.group, nullptr);
        task.state = TaskState::Dead;
    }
    if (group.exec_task != nullptr)
        wake_up_process(*group.exec_task);
    if (group_is_dead(group))
        group_died(group);
}

} // namespace

// The walk of the robust list may take long, or for ever (kernel/futex/livelock.hpp). Futexes need no kernel lock, so
// others go on meanwhile.
void mm_release(Task& task) {
    {
        const KernelUnlocked others_go_on;
        futex_exit(task);
    }
    const UserAddr tid_address = task.clear_child_tid;
    task.clear_child_tid = UserAddr();
    // If no other task has the address space, no task can see the word (Linux: mm_users > 1).
    if (tid_address.value() != 0 && task.mm.mm->mm_users.read() > 1) {
        (void)put_user_u32(tid_address, 0);
        futex_wake_address(tid_address, 1);
    }
    if (task.vfork_done != nullptr) {
        complete(*task.vfork_done);
        task.vfork_done = nullptr;
    }
}

void do_exit(s32 code) {
    TRACE(SchedProcessExit, current()->pid, code);
    Task& task = *current();
    ThreadGroup& group = *task.group;
    coredump_task_exit(task);
    task.exiting = true;
    task.exit_code = code;
    const bool group_dead = --group.live == 0;
    if (group_dead && !group.group_exit) { // the last thread speaks for the process (Linux: synchronize_group_exit)
        group.group_exit = true;
        group.exit_code = code;
    }
    if (!group_dead) {
        retarget_shared_pending(task);
        complete_group_stop(group);
    }
    if (group_dead) {
        {
            SigLocked lock; // so that the timer does not arm itself again meanwhile
            del_timer(group.real_timer);
        }
        delete_posix_timers(group);
    }
    const MmStruct* const mm = task.mm.mm;
    if (task.mm.mm != nullptr) {
        if (group_dead)
            note_max_rss(group, *task.mm.mm);
        exit_mm(task);
    }
    exit_sem(task);
    exit_files(task);
    if (group_dead) {
        exit_oom_victim(mm);
        if (group.parent == nullptr)
            exit_machine(group.exit_code);
        disassociate_ctty(group, true);
        forget_original_parent(group);
        kill_orphaned_pgrp(group, nullptr);
    }
    exit_notify(task);
    schedule();
    panic("a dead task runs");
}

void do_group_exit(s32 code) {
    ThreadGroup& group = current_group();
    if (group.group_exit) {
        code = group.exit_code;
    } else if (group.exec_task != nullptr && group.exec_task != current()) {
        code = 0; // another thread is in execve: the process continues with a new program, and only this thread ends
    } else {
        group.group_exit = true;
        group.exit_code = code;
        zap_other_threads(*current());
    }
    do_exit(code);
}

u32 sys_exit(s32 status) { do_exit((status & 0xff) << 8); }
u32 sys_exit_group(s32 status) { do_group_exit((status & 0xff) << 8); }

} // namespace faultline
