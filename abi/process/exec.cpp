// Replaces the program of a process. What is an error of execve(2), and what ends the process because the old program
// is gone, is as in Linux 6.1 (fs/exec.c bprm_execve): all that is wrong with a file that is a program, and only that,
// is found too late. Here the new program is built before the old one is given up, which no program can see.
#include "abi/process/exec.hpp"

#include <linux/fcntl.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/signal.h>

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include <algorithm>
#include <utility>

#include "abi/arguments/adapt.hpp"
#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/open.hpp"
#include "abi/process/elf.hpp"
#include "abi/process/exec_args.hpp"
#include "abi/process/exit.hpp"
#include "abi/process/release.hpp"
#include "abi/process/script.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/pid_ref.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/posix_timers.hpp"
#include "base/format.hpp"
#include "base/trace.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/task_stack.hpp"
#include "mm/mmap.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Kills the other threads of the process and waits until they have exited. INTR: the process is exiting, or another
// thread is in execve.
Result<void> de_thread(Task& task) {
    ThreadGroup& group = *task.group;
    if (group.group_exit || group.exec_task != nullptr)
        return Err(Errno::INTR);
    if (group.thread_count == 1)
        return {};
    group.exec_task = &task;
    zap_other_threads(task);
    const bool is_leader = group.leader == &task;
    const auto alone = [&] {
        return is_leader ? group.thread_count == 1
                         : group.thread_count == 2 && group.leader->state == TaskState::Zombie;
    };
    while (!alone()) {
        task.state = TaskState::Killable;
        schedule();
        if (fatal_signal_pending()) {
            group.exec_task = nullptr;
            return Err(Errno::INTR);
        }
    }
    group.exec_task = nullptr;
    return {};
}

// Makes the thread that called execve the leader of its process, with the leader's id.
void become_leader(Task& task) {
    ThreadGroup& group = *task.group;
    Task& leader = *group.leader;
    if (&leader == &task)
        return;
    {
        const TaskListLocked lock;
        group.dead_threads.add(task_use(leader));
        exchange_pids(leader, task);
        leave_group(leader);
        detach_pid(task);
        task.pid = group.pid;
        attach_pid(task);
        group.leader = &task;
        task.exit_signal = SIGCHLD;
    }
    free_task(leader);
}

// Copies of what the task shares with others. They are made before the point of no return, because that can fail.
// nullptr: not shared, so no copy is needed.
struct Unshared {
    FilesStruct* files = nullptr;
    SigHand* sighand = nullptr;
};

Result<Unshared> unshare(const Task& task) {
    Unshared own;
    if (files_shared(*task.files))
        own.files = TRY(files_dup(*task.files));
    if (task.sighand->references.read() != 1) {
        const auto copy = sighand_dup(*task.sighand);
        if (!copy) {
            if (own.files != nullptr)
                files_put(*own.files);
            return Err(copy.error());
        }
        own.sighand = copy.value();
    }
    return own;
}

void install(Task& task, Unshared own) {
    if (own.files != nullptr)
        files_put(*std::exchange(task.files, own.files));
    if (own.sighand != nullptr)
        sighand_put(*std::exchange(task.sighand, own.sighand));
}

void discard(Unshared own) {
    if (own.files != nullptr)
        files_put(*own.files);
    if (own.sighand != nullptr)
        sighand_put(*own.sighand);
}

void exec_mmap(Task& task, MmRef mm) {
    const MmRef old(task.mm.mm); // given up when no CPU runs on it any more
    if (old) {
        note_max_rss(*task.group, *old);
        mm_release(task);
    }
    use_mm(mm.release());
}

void set_comm(Task& task, const char* path) {
    const char* name = path;
    for (const char* at = path; *at != '\0'; ++at)
        if (*at == '/')
            name = at + 1;
    u32 i = 0;
    for (; i + 1 < sizeof task.comm && name[i] != '\0'; ++i)
        task.comm[i] = name[i];
    std::fill(task.comm + i, task.comm + sizeof task.comm, '\0');
    trace_renamed(task);
    TRACE(SchedProcessExec, task.pid);
}

// Resets the task for its new program, after the point of no return. Nothing here can fail.
void setup_new_exec(Task& task, Unshared own, const char* path) {
    become_leader(task);
    install(task, own);
    task.group->did_exec = true;
    files_close_on_exec(*task.files);
    flush_signal_handlers(*task.sighand);
    delete_posix_timers(*task.group);
    task.group->dumpable = true;
    task.group->membarrier_registered = 0;
    task.sas_sp = task.sas_size = 0;
    task.sas_flags = SS_DISABLE;
    task.restart_block = {};
    task.set_child_tid = UserAddr();
    set_comm(task, path);
}

// The process ends: it has no program any more. (Linux: bprm_execve, bprm->point_of_no_return.)
void kill_without_program(Task& task, Unshared own) {
    install(task, own); // so that the signal's action is this task's alone
    force_fatal_sig(SIGSEGV);
}

} // namespace

Result<void> do_execve(const char* path, ExecArgs& arguments, FileRef given, bool closes) {
    const FileRef file = TRY(open_program(path, arguments, std::move(given), closes));
    Task& task = *current();
    ElfProgram program;
    TRY_VOID(program.open(*file));
    MmRef mm = TRY(mm_alloc());
    const Unshared own = TRY(unshare(task));
    u32& personality = task.group->personality; // READ_IMPLIES_EXEC stays for good, on ARM
    const u32 implied = personality | (program.read_implies_exec() ? u32{READ_IMPLIES_EXEC} : 0);
    mm->stack_limit = static_cast<u32>(std::min<u64>(stack_rlimit(), TASK_SIZE));
    const bool implies_exec = (implied & READ_IMPLIES_EXEC) != 0;
    if (const auto stack = setup_arg_pages(*mm, arguments, program.executable_stack(implies_exec)); !stack) {
        discard(own);
        return stack;
    }
    const auto loaded = load_elf_binary(program, *mm, arguments, implies_exec);
    if (!loaded) {
        kill_without_program(task, own);
        return Err(loaded.error());
    }
    if (const auto alone = de_thread(task); !alone) {
        discard(own);
        return alone;
    }
    exec_mmap(task, std::move(mm));
    setup_new_exec(task, own, path);
    personality = implied;
    clear_user_state();
    task_user_regs(task) = user_start_regs(loaded.value().start, loaded.value().stack_pointer);
    return {};
}

u64 stack_rlimit() { return current_group().limits[RLIMIT_STACK].soft; }

namespace {

// AGAIN: current has become a user with too many threads, and they are still too many.
Result<void> check_processes() {
    bool& exceeded = current()->nproc_exceeded;
    exceeded = exceeded && has_too_many_processes(*current_cred().user);
    return exceeded ? Result<void>(Err(Errno::AGAIN)) : Result<void>();
}

Result<void> execve(UserAddr path, UserAddr argv, UserAddr envp) {
    PathName name = TRY(PathName::from_user(path));
    TRY_VOID(check_processes());
    ExecArgs arguments;
    TRY_VOID(arguments.take(name.text(), argv, envp, stack_rlimit()));
    return do_execve(name.text(), arguments);
}

// A program that is opened relative to a descriptor is named /dev/fd/N or /dev/fd/N/path (Linux alloc_bprm).
Result<void> execveat(s32 dirfd, UserAddr path, UserAddr argv, UserAddr envp, u32 flags) {
    PathName given = TRY(PathName::from_user(path, (flags & AT_EMPTY_PATH) != 0));
    TRY_VOID(check_processes());
    const char* name = given.text();
    const bool by_descriptor = dirfd != AT_FDCWD && name[0] != '/';
    char text[256];
    if (by_descriptor) {
        snprintf(text, sizeof text, given.empty() ? "/dev/fd/%d%s" : "/dev/fd/%d/%s", static_cast<int>(dirfd), name);
        name = text;
    }
    ExecArgs arguments;
    TRY_VOID(arguments.take(name, argv, envp, stack_rlimit()));
    if ((flags & ~u32{AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW}) != 0)
        return Err(Errno::INVAL);
    FileRef file(TRY(open_exec_at(dirfd, path, flags)));
    return do_execve(name, arguments, std::move(file), by_descriptor && get_close_on_exec(*current()->files, dirfd));
}

} // namespace

// On success `regs` holds the new program's registers, and its r0, which is 0, is returned.
u32 sys_execve(PtRegs& regs, UserAddr path, UserAddr argv, UserAddr envp) {
    const auto done = execve(path, argv, envp);
    return done ? regs.r[0] : adapt_detail::to_register(done);
}

u32 sys_execveat(PtRegs& regs, s32 dirfd, UserAddr path, UserAddr argv, UserAddr envp, u32 flags) {
    const auto done = execveat(dirfd, path, argv, envp, flags);
    return done ? regs.r[0] : adapt_detail::to_register(done);
}

} // namespace faultline
