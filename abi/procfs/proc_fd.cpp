// The links of /proc/PID that lead to files directly, not by their text: fd/N, exe, cwd and root; and fdinfo/N, which
// says how a file is open.
#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/process/access.hpp"
#include "abi/procfs/procfs.hpp"
#include "base/format.hpp"
#include "kernel/sched/task.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

// The text of a link to an inode: its path; of a pipe or socket without a name its kind and number; of what is behind
// an eventfd and the like (anon_inode.hpp) what it is called. Caller holds tree_lock.
Result<u32> link_text(Inode& inode, char* buffer, u32 size) {
    const auto number = static_cast<unsigned long long>(inode.number);
    if (inode.type() == S_IFIFO && inode.names.empty())
        return static_cast<u32>(scnprintf(buffer, size, "pipe:[%llu]", number));
    if (inode.type() == S_IFSOCK)
        return static_cast<u32>(scnprintf(buffer, size, "socket:[%llu]", number));
    if (inode.type() == 0) {
        const std::string_view name = inode.names.front().name();
        return static_cast<u32>(scnprintf(buffer, size, "%.*s", static_cast<int>(name.size()), name.data()));
    }
    return static_cast<u32>(TRY(inode_path(inode, buffer, size)).size());
}

// The open file of an entry of fd or fdinfo, with a reference. NOENT: the descriptor is closed, or the task is gone.
Result<FileRef> file_of(const Inode& entry) {
    const Task* task = entry.proc_pid.task();
    File* file = task != nullptr && task->files != nullptr ? lookup_fd(*task->files, entry.proc_fd) : nullptr;
    if (file == nullptr)
        return Err(Errno::NOENT);
    return FileRef(file);
}

// Whoever follows or reads one of these links must be allowed to look into the task, whatever the modes say. ACCES.
// (Linux fs/proc/base.c proc_fd_access_allowed.)
Result<void> fd_access_allowed(const Inode& inode) {
    const Task* task = inode.proc_pid.task();
    if (task == nullptr || !ptrace_may_access(*task, PtraceMode::FsCreds))
        return Err(Errno::ACCES);
    return {};
}

constinit const InodeOps fd_link_ops{
    .readlink = [](Inode& link, char* buffer, u32 size) -> Result<u32> {
        TRY_VOID(fd_access_allowed(link));
        FileRef file = TRY(file_of(link));
        return link_text(*file->inode, buffer, size);
    },
    .follow = [](Inode& link) -> Result<Inode*> {
        TRY_VOID(fd_access_allowed(link));
        FileRef file = TRY(file_of(link));
        return &iget(*file->inode);
    },
};
constexpr ProcEntry fd_link{.name = "", .inode_ops = &fd_link_ops, .mode = S_IFLNK | 0700};

constexpr u32 FIRST_FD_COOKIE = 3;

// The operations of exe, cwd and root. Target() returns the inode of the link with a reference.
template <Result<Inode*> (*Target)(const Inode& link)>
constexpr InodeOps link_to{
    .readlink = [](Inode& link, char* buffer, u32 size) -> Result<u32> {
        TRY_VOID(fd_access_allowed(link));
        InodeRef target(TRY(Target(link)));
        return link_text(*target, buffer, size);
    },
    .follow = [](Inode& link) -> Result<Inode*> {
        TRY_VOID(fd_access_allowed(link));
        return Target(link);
    },
};

Result<Inode*> exe_of(const Inode& link) {
    auto mm = proc_mm(link);
    if (!mm) // a zombie
        return Err(Errno::NOENT);
    Inode* inode = mm.value()->exe_file != nullptr ? inode_of(*mm.value()->exe_file) : nullptr;
    if (inode == nullptr)
        return Err(Errno::NOENT);
    return &iget(*inode);
}

Result<Inode*> cwd_of(const Inode& link) {
    Task* task = TRY(proc_task(link));
    if (task->fs == nullptr)
        return Err(Errno::NOENT);
    return &iget(*task->fs->pwd);
}

Result<Inode*> root_of(const Inode& link) {
    TRY(proc_task(link));
    return &iget(root_inode());
}

// Locks of the file that the task holds are not listed.
Result<void> show_fdinfo(const Inode& inode, SeqFile& out) {
    TRY_VOID(fd_access_allowed(inode));
    const FileRef file = TRY(file_of(inode));
    const Task& task = *TRY(proc_task(inode));
    const u32 close_on_exec = get_close_on_exec(*task.files, inode.proc_fd) ? u32{O_CLOEXEC} : 0;
    u32 mount;
    {
        const ReadGuard guard(tree_lock());
        mount = device_of(*file->inode);
    }
    out.printf("pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", static_cast<unsigned long long>(file->position),
               static_cast<unsigned>(file->flags | close_on_exec), static_cast<unsigned>(mount),
               static_cast<unsigned long long>(file->inode->number));
    if (file->ops->show_fdinfo != nullptr)
        file->ops->show_fdinfo(*file, out);
    return {};
}
constexpr ProcEntry fdinfo_file{.name = "", .show = show_fdinfo, .mode = S_IFREG | 0444};

// An entry of fd or fdinfo by its number.
template <const ProcEntry& Entry>
Result<Inode*> lookup_descriptor(Inode& directory, std::string_view name) {
    InodeRef inode(TRY(new_proc_inode(&directory, name, Entry, directory.proc_pid, parse_pid(name))));
    TRY(file_of(*inode));
    return inode.release();
}

template <u32 TYPE>
Result<void> iterate_descriptors(Inode& directory, u32 after, DirectorySink& sink) {
    const Task* task = directory.proc_pid.task();
    if (task == nullptr)
        return Err(Errno::NOENT);
    if (task->files == nullptr)
        return {};
    FilesStruct& files = *task->files;
    const u32 first = after < FIRST_FD_COOKIE ? 0 : after - FIRST_FD_COOKIE + 1;
    for (u32 fd = first; fd < files.end; ++fd) {
        FileRef file(lookup_fd(files, static_cast<s32>(fd)));
        char name[12];
        const std::size_t length = scnprintf(name, sizeof name, "%u", static_cast<unsigned>(fd));
        if (file.get() != nullptr && !sink.entry({name, length}, fd + FIRST_FD_COOKIE, TYPE, fd + FIRST_FD_COOKIE))
            break;
    }
    return {};
}

// A process may always list its own descriptors: /dev/fd needs it (Linux fs/proc/fd.c proc_fd_permission).
bool is_own(const Inode& directory) {
    const Task* task = directory.proc_pid.task();
    return task != nullptr && task->group == current()->group;
}

} // namespace

constinit const InodeOps proc_exe_ops = link_to<exe_of>;
constinit const InodeOps proc_cwd_ops = link_to<cwd_of>;
constinit const InodeOps proc_root_link_ops = link_to<root_of>;

constinit const InodeOps proc_fd_ops{
    .lookup = lookup_descriptor<fd_link>, .iterate = iterate_descriptors<S_IFLNK>, .permits = is_own};
constinit const InodeOps proc_fdinfo_ops{
    .lookup = lookup_descriptor<fdinfo_file>,
    .iterate = [](Inode& directory, u32 after, DirectorySink& sink) -> Result<void> {
        TRY_VOID(fd_access_allowed(directory));
        return iterate_descriptors<S_IFREG>(directory, after, sink);
    },
};

} // namespace faultline
