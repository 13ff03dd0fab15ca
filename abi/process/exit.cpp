// The end of a thread, and of a process. (Linux kernel/exit.c.)
//
// A thread that is not the leader disappears by itself. The leader stays as a zombie until the process is
// waited for, even if other threads outlive it: its id is the process's.
#include <arch/machine_control.hpp>

#include "abi/fs/files.hpp"
#include "abi/ipc/sem.hpp"
#include "abi/process/coredump.hpp"
#include "abi/process/process.hpp"
#include "abi/signal/jobctl.hpp"
#include "abi/signal/siglock.hpp"
#include "abi/tty/tty.hpp"
#include "abi/virtio/console.hpp"
#include "arch/contract/uaccess.hpp"
#include "base/concurrency.hpp"
#include "kernel/futex/operations.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

// Process 1's end is the machine's: its status, or 128 + the signal that killed it.
[[noreturn]] void exit_machine(s32 code) {
    const s32 signal = code & 0x7f;
    flush_ports();
    machine_exit(static_cast<u8>(signal != 0 ? 128 + signal : code >> 8));
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
    files_put(*task.files);
    fs_put(*task.fs);
    task.files = nullptr;
    task.fs = nullptr;
}

// The nearest ancestor that has asked for them, or process 1 (prctl(2), PR_SET_CHILD_SUBREAPER).
ThreadGroup& find_new_reaper(const ThreadGroup& group) {
    for (ThreadGroup* ancestor = group.parent; ancestor != nullptr; ancestor = ancestor->parent)
        if (ancestor->child_subreaper && ancestor->live != 0)
            return *ancestor;
    return *find_group(1);
}

// Children of a process that died get a new parent, which may have to hear of a death at once.
void forget_original_parent(ThreadGroup& group) {
    ThreadGroup& reaper = find_new_reaper(group);
    while (!group.children.empty()) {
        ThreadGroup& child = group.children.front();
        group.children.pop_front();
        child.parent = &reaper;
        child.parent_pid = reaper.pid;
        reaper.children.push_back(child);
        child.leader->exit_signal = SIGCHLD;
        for (Task& thread : child.threads)
            if (thread.pdeath_signal != 0)
                (void)send_group_sig_info(siginfo_user(thread.pdeath_signal, SI_USER), child);
        kill_orphaned_pgrp(child, &group);
        if (group_is_dead(child) && do_notify_parent(child, SIGCHLD))
            release_group(child);
    }
}

// The last of the process is gone: somebody waits for it, or nobody ever will.
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
    unlink_thread(leader);
    leader.state = TaskState::Dead;
}

void exit_notify(Task& task) {
    ThreadGroup& group = *task.group;
    if (&task == group.leader) {
        const SigLocked lock; // a signal that has seen the task asleep makes it runnable first, or not at all
        task.state = TaskState::Zombie;
    } else {
        const TaskListLocked lock;
        group.dead_threads.add({task_cpu(task), task.mm.min_flt, task.mm.maj_flt, 0});
        unlink_thread(task);
        group.unburied.fetch_add(1, std::memory_order_relaxed);
        task.buried_for = std::exchange(task.group, nullptr);
        task.state = TaskState::Dead;
    }
    if (group.exec_task != nullptr)
        wake_up_process(*group.exec_task);
    if (group_is_dead(group))
        group_died(group);
}

void wait_for_burials(const ThreadGroup& group) {
    spin_until([&] { return group.unburied.load(std::memory_order_acquire) == 0; });
}

} // namespace

// No lock is held, nor may one be waited for that the reaper of the group could hold.
void release_dead_task(Task& task) {
    ThreadGroup* former = task.buried_for;
    if (task.group != nullptr) { // a leader for whom nobody waits takes its group along
        wait_for_burials(*task.group);
        group_free(*task.group);
    }
    free_task(task);
    if (former != nullptr)
        former->unburied.fetch_sub(1, std::memory_order_release);
}

void init_processes() {
    init_pids();
    init_signalfd();
}

void mm_release(Task& task) {
    futex_exit(task);
    const UserAddr tid_address = task.clear_child_tid;
    task.clear_child_tid = UserAddr();
    // Nobody else can see the word if nobody else has the address space (Linux: mm_users > 1).
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
    Task& task = *current();
    ThreadGroup& group = *task.group;
    coredump_task_exit(task);
    task.exiting = true;
    task.exit_code = code;
    const bool group_dead = --group.live == 0;
    if (!group_dead) {
        retarget_shared_pending(task);
        complete_group_stop(group);
    }
    if (group_dead) {
        {
            SigLocked lock; // or it might arm itself again
            del_timer(group.real_timer);
        }
        delete_posix_timers(group);
    }
    if (task.mm.mm != nullptr)
        exit_mm(task);
    exit_sem(task);
    exit_files(task);
    if (group_dead) {
        if (group.parent == nullptr)
            exit_machine(group.group_exit ? group.exit_code : code);
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
        code = 0; // the process lives on as another program; only this thread dies
    } else {
        group.group_exit = true;
        group.exit_code = code;
        zap_other_threads(*current());
    }
    do_exit(code);
}

void release_group(ThreadGroup& group) {
    Task& leader = *group.leader;
    wait_task_inactive(leader); // a tick there looks at the group
    if (current()->buried_for == &group) {
        current()->buried_for = nullptr; // its own last thread releases it, and cannot wait for itself
        group.unburied.fetch_sub(1, std::memory_order_relaxed);
    }
    wait_for_burials(group); // whoever waited for the process finds all of its memory free
    {
        const TaskListLocked lock;
        group.parent->children.erase(group.parent->children.iterator_to(group));
        unlink_thread(leader);
    }
    group_free(group);
    free_task(leader);
}

} // namespace faultline
