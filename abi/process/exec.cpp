// Replaces the program of a process. The new program is built completely before the old one is given up, so a failure
// leaves the old program as it was. (Linux fs/exec.c. Its point of no return comes earlier; a failure after it kills
// the process.)
#include "abi/process/exec.hpp"

#include <linux/fcntl.h>
#include <linux/resource.h>

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include <algorithm>
#include <utility>

#include "abi/arguments/adapt.hpp"
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
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/posix_timers.hpp"
#include "kernel/debug/format.hpp"
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
        group.dead_threads.add({task_cpu(leader), leader.mm.min_flt, leader.mm.maj_flt, 0});
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
    if (old)
        mm_release(task);
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

struct NewProgram {
    u32 start = 0, stack_pointer = 0;
};

Result<NewProgram> load(File& file, MmStruct& mm, const ExecArgs& arguments, const char* path) {
    mm.stack_limit = static_cast<u32>(std::min<u64>(current_group().limits[RLIMIT_STACK].soft, TASK_SIZE));
    const LoadedProgram program = TRY(load_elf_binary(file, mm));
    return NewProgram{program.start, TRY(create_elf_tables(mm, program, arguments, path))};
}

} // namespace

Result<void> do_execve(const char* path, ExecArgs& arguments, FileRef given) {
    const FileRef file = TRY(open_program(path, arguments, std::move(given)));
    if (arguments.argc() == 0) {
        const char* empty[] = {""};
        TRY_VOID(arguments.replace_first_argument(empty, 1));
    }
    Task& task = *current();
    MmRef mm = TRY(mm_alloc());
    const NewProgram program = TRY(load(*file, *mm, arguments, path));
    const Unshared own = TRY(unshare(task));
    if (const auto alone = de_thread(task); !alone) {
        discard(own);
        return alone;
    }
    exec_mmap(task, std::move(mm));
    setup_new_exec(task, own, path);
    clear_user_state();
    task_user_regs(task) = user_start_regs(program.start, program.stack_pointer);
    return {};
}

namespace {

Result<void> execve(const char* name, UserAddr argv, UserAddr envp, FileRef file = {}) {
    ExecArgs arguments;
    TRY_VOID(arguments.add_user_arguments(argv));
    TRY_VOID(arguments.add_user_environment(envp));
    return do_execve(name, arguments, std::move(file));
}

Result<void> execve(UserAddr path, UserAddr argv, UserAddr envp) {
    PathName name = TRY(PathName::from_user(path));
    return execve(name.text(), argv, envp);
}

// A program that is opened relative to a descriptor is named /dev/fd/N or /dev/fd/N/path (Linux alloc_bprm).
Result<void> execveat(s32 dirfd, UserAddr path, UserAddr argv, UserAddr envp, u32 flags) {
    if ((flags & ~u32{AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW}) != 0)
        return Err(Errno::INVAL);
    PathName name = TRY(PathName::from_user(path, (flags & AT_EMPTY_PATH) != 0));
    FileRef file(TRY(open_exec_at(dirfd, path, flags)));
    if (dirfd == AT_FDCWD || name.text()[0] == '/')
        return execve(name.text(), argv, envp, std::move(file));
    char text[256];
    snprintf(text, sizeof text, name.empty() ? "/dev/fd/%d%s" : "/dev/fd/%d/%s", static_cast<int>(dirfd), name.text());
    return execve(text, argv, envp, std::move(file));
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
