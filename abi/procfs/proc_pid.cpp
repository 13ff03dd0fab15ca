// The directories of tasks: /proc/PID, /proc/PID/task and /proc/PID/task/TID; and the links self and thread-self.
#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/procfs/proc_trace.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "base/format.hpp"

namespace faultline {

namespace {

constexpr u32 FIRST_COOKIE = 3;        // after "." and ".."
constexpr u32 TASKS_COOKIE = 1u << 20; // the cookie of a task is this plus its id

extern const InodeOps process_ops, thread_ops, task_directory_ops;

constexpr ProcEntry thread_entries[] = {
    {.name = "auxv", .file_ops = &auxv_ops, .mode = S_IFREG | 0400},
    {.name = "clear_refs", .write = write_clear_refs, .mode = S_IFREG | 0200},
    {.name = "cmdline", .show = show_pid_cmdline},
    {.name = "comm", .show = show_pid_comm, .write = write_pid_comm, .mode = S_IFREG | 0644},
    {.name = "coredump_filter", .show = show_coredump_filter, .write = write_coredump_filter, .mode = S_IFREG | 0644},
    {.name = "cwd", .inode_ops = &proc_cwd_ops, .mode = S_IFLNK | 0777},
    {.name = "environ", .show_mm = show_pid_environ, .mode = S_IFREG | 0400},
    {.name = "exe", .inode_ops = &proc_exe_ops, .mode = S_IFLNK | 0777},
    {.name = "explain", .show = show_pid_explain, .mode = S_IFREG | 0400},
#ifdef FAULTLINE_DEBUG
    {.name = "fail-nth", .file_ops = &fail_nth_ops, .mode = S_IFREG | 0644},
#endif
    {.name = "fd", .inode_ops = &proc_fd_ops, .mode = S_IFDIR | 0500},
    {.name = "fdinfo", .inode_ops = &proc_fdinfo_ops, .mode = S_IFDIR | 0555},
    {.name = "io", .show = show_pid_io, .mode = S_IFREG | 0400},
    {.name = "limits", .show = show_pid_limits},
    {.name = "maps", .show_mm = show_pid_maps},
    {.name = "mem", .file_ops = &mem_ops, .mode = S_IFREG | 0600},
    {.name = "mountinfo", .show = show_mountinfo},
    {.name = "mounts", .show = show_mounts},
    {.name = "oom_adj", .show = show_oom_adj, .write = write_oom_adj, .mode = S_IFREG | 0644},
    {.name = "oom_score", .show = show_oom_score},
    {.name = "oom_score_adj", .show = show_oom_score_adj, .write = write_oom_score_adj, .mode = S_IFREG | 0644},
    {.name = "pagemap", .file_ops = &pagemap_ops, .mode = S_IFREG | 0400},
    {.name = "personality", .show = show_pid_personality, .mode = S_IFREG | 0400},
    {.name = "pt", .show_mm = show_pid_pt, .mode = S_IFREG | 0400},
    {.name = "pte", .file_ops = &pte_ops, .mode = S_IFREG | 0400},
    {.name = "root", .inode_ops = &proc_root_link_ops, .mode = S_IFLNK | 0777},
    {.name = "smaps", .show_mm = show_pid_smaps},
    {.name = "stat", .show = show_pid_stat},
    {.name = "statm", .show = show_pid_statm},
    {.name = "status", .show = show_pid_status},
    {.name = "wchan", .show = show_pid_wchan},
};
constexpr ProcEntry task_directory{.name = "task", .inode_ops = &task_directory_ops, .mode = S_IFDIR | 0555};
constexpr ProcEntry process_directory{.name = "", .inode_ops = &process_ops, .mode = S_IFDIR | 0555};
constexpr ProcEntry thread_directory{.name = "", .inode_ops = &thread_ops, .mode = S_IFDIR | 0555};
constexpr u32 TASK_COOKIE = FIRST_COOKIE + std::size(thread_entries);

Result<Inode*> lookup_in_thread(Inode& directory, std::string_view name) {
    if (directory.proc_pid.task() == nullptr)
        return Err(Errno::NOENT);
    const ProcEntry* entry = find_proc_entry(thread_entries, name);
    if (entry == nullptr)
        return Err(Errno::NOENT);
    return new_proc_inode(&directory, name, *entry, directory.proc_pid);
}

constinit const InodeOps thread_ops{
    .lookup = lookup_in_thread,
    .iterate = [](Inode& directory, u32 after, DirectorySink& sink) -> Result<void> {
        if (directory.proc_pid.task() == nullptr)
            return Err(Errno::NOENT);
        iterate_proc_entries(thread_entries, after, FIRST_COOKIE, sink);
        return {};
    },
};

constinit const InodeOps process_ops{
    .lookup = [](Inode& directory, std::string_view name) -> Result<Inode*> {
        TRY(proc_task(directory)); // SRCH, where the directory of a thread says NOENT (Linux: proc_pid_permission)
        if (name != task_directory.name)
            return lookup_in_thread(directory, name);
        return new_proc_inode(&directory, name, task_directory, directory.proc_pid);
    },
    .iterate = [](Inode& directory, u32 after, DirectorySink& sink) -> Result<void> {
        if (directory.proc_pid.task() == nullptr)
            return Err(Errno::NOENT);
        if (iterate_proc_entries(thread_entries, after, FIRST_COOKIE, sink) && after < TASK_COOKIE)
            sink.entry(task_directory.name, directory.number, S_IFDIR, TASK_COOKIE);
        return {};
    },
    .is_process = true,
};

bool list_task(const Task& task, u32 after, DirectorySink& sink) {
    char name[12];
    const u32 cookie = TASKS_COOKIE + static_cast<u32>(task.pid);
    const std::size_t length = scnprintf(name, sizeof name, "%d", static_cast<int>(task.pid));
    return cookie <= after || sink.entry({name, length}, cookie, S_IFDIR, cookie);
}

s32 first_pid_after(u32 cookie) { return cookie > TASKS_COOKIE ? static_cast<s32>(cookie - TASKS_COOKIE) + 1 : 1; }

constinit const InodeOps task_directory_ops{
    .lookup = [](Inode& directory, std::string_view name) -> Result<Inode*> {
        const Task* of = directory.proc_pid.task();
        Task* task = find_task_by_vpid(parse_pid(name));
        if (of == nullptr || task == nullptr || task->group != of->group)
            return Err(Errno::NOENT);
        return new_proc_inode(&directory, name, thread_directory, TRY(get_task_pid(*task)));
    },
    .iterate = [](Inode& directory, u32 after, DirectorySink& sink) -> Result<void> {
        const Task* of = directory.proc_pid.task();
        if (of == nullptr)
            return Err(Errno::NOENT);
        Task* task = next_task(first_pid_after(after));
        for (; task != nullptr; task = next_task(task->pid + 1))
            if (task->group == of->group && !list_task(*task, after, sink))
                break;
        return {};
    },
};

constexpr InodeOps self_ops{.readlink = [](Inode&, char* buffer, u32 size) -> Result<u32> {
    return static_cast<u32>(scnprintf(buffer, size, "%d", static_cast<int>(current()->group->pid)));
}};
constexpr InodeOps thread_self_ops{.readlink = [](Inode&, char* buffer, u32 size) -> Result<u32> {
    return static_cast<u32>(scnprintf(buffer, size, "%d/task/%d", static_cast<int>(current()->group->pid),
                                      static_cast<int>(current()->pid)));
}};
constexpr ProcEntry self_entries[] = {
    {.name = "self", .inode_ops = &self_ops, .mode = S_IFLNK | 0777},
    {.name = "thread-self", .inode_ops = &thread_self_ops, .mode = S_IFLNK | 0777},
};
constexpr u32 SELF_COOKIE = TASKS_COOKIE - std::size(self_entries);

} // namespace

constinit const InodeOps proc_root_ops{
    .lookup = [](Inode& directory, std::string_view name) -> Result<Inode*> {
        if (const ProcEntry* entry = find_proc_entry(self_entries, name))
            return new_proc_inode(&directory, name, *entry);
        Task* task = find_task_by_vpid(parse_pid(name)); // any thread's id, as on Linux
        if (task == nullptr)
            return Err(Errno::NOENT);
        return new_proc_inode(&directory, name, process_directory, TRY(get_task_pid(*task)));
    },
    .iterate = [](Inode&, u32 after, DirectorySink& sink) -> Result<void> {
        if (!iterate_proc_entries(self_entries, after, SELF_COOKIE, sink))
            return {};
        for (Task* task = next_task(first_pid_after(after)); task != nullptr; task = next_task(task->pid + 1))
            if (task->group->leader == task && !list_task(*task, after, sink))
                break;
        return {};
    },
};

} // namespace faultline
