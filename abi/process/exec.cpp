// execve: a new program for this process. Everything that can fail is done beside the old program, which is
// given up only when the new one is ready to run. (Linux fs/exec.c; its point of no return comes earlier, and
// what fails after it kills.)
#include <algorithm>
#include <arch/context.hpp>

#include <linux/resource.h>

#include "abi/fs/files_private.hpp"
#include "abi/process/elf.hpp"
#include "abi/process/process.hpp"
#include "abi/signal/siglock.hpp"
#include "mm/mmap.hpp"

namespace faultline {

namespace {

constexpr u32 MAX_INTERPRETERS = 4;    // of scripts whose interpreter is a script
constexpr u32 SCRIPT_LINE_BYTES = 256; // Linux: BINPRM_BUF_SIZE

// "#! interpreter [one argument]", cut into strings in place. NOEXEC: no interpreter named.
struct ScriptLine {
    char text[SCRIPT_LINE_BYTES + 1] = {};
    char* interpreter = nullptr;
    char* argument = nullptr; // nullptr: none
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

Result<void> parse_script_line(ScriptLine& line) {
    char* at = line.text + 2;
    char* end = at;
    while (*end != '\0' && *end != '\n')
        ++end;
    while (end > at && is_blank(end[-1]))
        --end;
    *end = '\0';
    while (is_blank(*at))
        ++at;
    if (at == end)
        return Err(Errno::NOEXEC);
    line.interpreter = at;
    while (*at != '\0' && !is_blank(*at))
        ++at;
    if (*at == '\0')
        return {};
    *at++ = '\0';
    while (is_blank(*at))
        ++at;
    line.argument = at;
    return {};
}

// The file to load for `path`: itself, or the interpreter at the end of a chain of scripts, with the
// arguments changed as that interpreter wants them.
Result<FileRef> open_program(const char* path, ExecArgs& arguments, FileRef file) {
    if (file.get() == nullptr)
        file = FileRef(TRY(open_exec(path)));
    ScriptLine line;
    for (u32 depth = 0;; ++depth) {
        ScriptLine next;
        const u32 got = TRY(kernel_read(*file, next.text, SCRIPT_LINE_BYTES, 0));
        if (got < 2 || next.text[0] != '#' || next.text[1] != '!')
            return file;
        if (depth == MAX_INTERPRETERS)
            return Err(Errno::LOOP);
        TRY_VOID(parse_script_line(next));
        const char* script = depth == 0 ? path : line.interpreter;
        const char* with_argument[] = {next.interpreter, next.argument, script};
        const char* without[] = {next.interpreter, script};
        TRY_VOID(next.argument != nullptr ? arguments.replace_first_argument(with_argument, 3)
                                          : arguments.replace_first_argument(without, 2));
        file = FileRef(TRY(open_exec(next.interpreter)));
        std::copy_n(next.text, sizeof next.text, line.text);
        line.interpreter = line.text + (next.interpreter - next.text);
    }
}

// Alone in the process: kills the other threads and waits until they are gone. INTR: somebody else ends the
// process.
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

// A thread that outlives its leader by execve becomes the leader, with the leader's id.
void become_leader(Task& task) {
    ThreadGroup& group = *task.group;
    Task& leader = *group.leader;
    if (&leader == &task)
        return;
    {
        const TaskListLocked lock;
        group.dead_threads.add({task_cpu(leader), leader.mm.min_flt, leader.mm.maj_flt, 0});
        unlink_thread(leader);
        detach_pid(task);
        task.pid = group.pid;
        attach_pid(task);
        group.leader = &task;
        task.exit_signal = SIGCHLD;
    }
    free_task(leader);
}

// What the process had for itself and now shares with nobody: made before the point of no return.
struct Unshared {
    FilesStruct* files = nullptr;
    SigHand* sighand = nullptr;
};

Result<Unshared> unshare(const Task& task) {
    Unshared own;
    if (task.files->references.read() != 1)
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

void exec_mmap(Task& task, MmStruct& mm) {
    MmStruct* old = task.mm.mm;
    if (old != nullptr)
        mm_release(task);
    use_mm(&mm);
    if (old != nullptr)
        mmput(*old);
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

// The point of no return is behind us.
void setup_new_exec(Task& task, Unshared own, const char* path) {
    become_leader(task);
    install(task, own);
    task.group->did_exec = true;
    files_close_on_exec(*task.files);
    flush_signal_handlers(*task.sighand);
    delete_posix_timers(*task.group);
    task.group->dumpable = true;
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
    MmStruct& mm = *TRY(mm_alloc());
    const auto program = load(*file, mm, arguments, path);
    const auto own = program ? unshare(task) : Result<Unshared>(Err(program.error()));
    if (!own) {
        mmput(mm);
        return Err(own.error());
    }
    if (const auto alone = de_thread(task); !alone) {
        discard(own.value());
        mmput(mm);
        return alone;
    }
    exec_mmap(task, mm);
    setup_new_exec(task, own.value(), path);
    clear_user_state();
    task_user_regs(task) = user_start_regs(program.value().start, program.value().stack_pointer);
    return {};
}

} // namespace faultline
