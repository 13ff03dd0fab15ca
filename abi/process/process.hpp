// The life of processes: fork, execve, exit.
#pragma once

#include <arch/ptrace.hpp>

#include "abi/fs/files_private.hpp"
#include "abi/process/exec_args.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/task_stack.hpp"

namespace faultline {

void init_signalfd();  // at boot
void init_processes(); // at boot, after the scheduler (exit.cpp)

// --- task_struct.cpp ---

void free_task(Task& task); // nobody runs on its stack, nobody can find it

// An empty process. NOMEM.
Result<ThreadGroup*> group_new();
void group_free(ThreadGroup& group);

// Puts a thread into its group and into the pid table, or takes it out of both and away from its signal
// handlers. Under TaskListLocked.
void link_thread(Task& task, ThreadGroup& group);
void unlink_thread(Task& task);

void init_limits(ThreadGroup& group); // process 1's resource limits, which all inherit (syscalls_system.cpp)

// --- fork.cpp ---

struct CloneArguments {
    u64 flags = 0;       // CLONE_*
    s32 exit_signal = 0; // one that is no signal is not sent
    UserAddr stack;      // null: the parent's
    UserAddr parent_tid; // CLONE_PARENT_SETTID
    UserAddr child_tid;  // CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID
    UserAddr pidfd;      // CLONE_PIDFD
    u32 tls = 0;         // CLONE_SETTLS
    s32 pid = 0;         // the id it is to have (clone3(2), set_tid); 0: any
};

// Makes a child of current that returns 0 from the same system call. Returns its thread id; with CLONE_VFORK
// not before the child has left the address space. INVAL (flags that exclude each other), AGAIN (no pid), EXIST (that one),
// NOMEM. (Linux kernel_clone.)
Result<s32> kernel_clone(const CloneArguments& arguments);

// A task of process 1 to be that runs `function` in the kernel, with files and a place in the tree of its
// own. Panics without memory: it is boot. `function` has the kernel lock; without it, it may end in return_to_user().
Task& start_first_process(void (*function)(void*), void* argument);

// --- exec.cpp ---

// Replaces current's program. On success current's user registers are those of the new program's start.
// Errors leave the old program as it was: NOENT, ACCES, NOEXEC, TOOBIG, NOMEM, FAULT, INTR (another thread
// was first). Consumes nothing: `arguments` may be changed (a script's interpreter comes first).
// `program`: the file itself, if it was opened by a descriptor; `path` is then what scripts and
// /proc/PID/comm know it by.
Result<void> do_execve(const char* path, ExecArgs& arguments, FileRef program = {});

// --- exit.cpp ---

// Ends current. `code` as wait(2) encodes it: status << 8, or a signal. (Linux do_exit, do_group_exit.)
[[noreturn]] void do_exit(s32 code);
[[noreturn]] void do_group_exit(s32 code);

// Gives back what another waits for in the address space that current is about to leave, by exit or execve:
// robust list, PI locks, clear_child_tid, a vfork parent. (Linux mm_release.)
void mm_release(Task& task);

// Frees a dead process for good; its zombie leader is its only thread. (Linux release_task.)
void release_group(ThreadGroup& group);

} // namespace faultline
