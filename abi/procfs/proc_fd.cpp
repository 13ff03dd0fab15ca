// The links of /proc/PID that lead to files directly, not by their text: fd/N, exe, cwd and root.
#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/procfs/procfs.hpp"
#include "kernel/debug/format.hpp"
#include "kernel/sched/task.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

// The text of a link to an inode: its path; for a pipe without a name, its kind and number. Caller holds tree_lock.
Result<u32> link_text(Inode& inode, char* buffer, u32 size) {
    if (inode.type() == S_IFIFO && inode.names.empty())
        return static_cast<u32>(scnprintf(buffer, size, "pipe:[%llu]", static_cast<unsigned long long>(inode.number)));
    return static_cast<u32>(TRY(inode_path(inode, buffer, size)).size());
}

// The open file of a link in fd, with a reference. NOENT: the descriptor is closed; SRCH.
Result<FileRef> file_of(const Inode& link) {
    Task* task = TRY(proc_task(link));
    File* file = task->files != nullptr ? lookup_fd(*task->files, link.proc_fd) : nullptr;
    if (file == nullptr)
        return Err(Errno::NOENT);
    return FileRef(file);
}

constinit const InodeOps fd_link_ops{
    .readlink = [](Inode& link, char* buffer, u32 size) -> Result<u32> {
        FileRef file = TRY(file_of(link));
        return link_text(*file->inode, buffer, size);
    },
    .follow = [](Inode& link) -> Result<Inode*> {
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
        InodeRef target(TRY(Target(link)));
        return link_text(*target, buffer, size);
    },
    .follow = [](Inode& link) -> Result<Inode*> { return Target(link); },
};

Result<Inode*> exe_of(const Inode& link) {
    MmRef mm = TRY(proc_mm(link));
    Inode* inode = mm->exe_file != nullptr ? inode_of(*mm->exe_file) : nullptr;
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

} // namespace

constinit const InodeOps proc_exe_ops = link_to<exe_of>;
constinit const InodeOps proc_cwd_ops = link_to<cwd_of>;
constinit const InodeOps proc_root_link_ops = link_to<root_of>;

constinit const InodeOps proc_fd_ops{
    .lookup = [](Inode& directory, std::string_view name) -> Result<Inode*> {
        InodeRef link(TRY(new_proc_inode(&directory, name, fd_link, directory.proc_pid, parse_pid(name))));
        TRY(file_of(*link));
        return link.release();
    },
    .iterate =
        [](Inode& directory, u32 after, DirectorySink& sink) {
            const auto task = proc_task(directory);
            if (!task.ok() || task.value()->files == nullptr)
                return;
            FilesStruct& files = *task.value()->files;
            const u32 first = after < FIRST_FD_COOKIE ? 0 : after - FIRST_FD_COOKIE + 1;
            for (u32 fd = first; fd < files.capacity; ++fd) {
                FileRef file(lookup_fd(files, static_cast<s32>(fd)));
                char name[12];
                const std::size_t length = scnprintf(name, sizeof name, "%u", static_cast<unsigned>(fd));
                if (file.get() != nullptr &&
                    !sink.entry({name, length}, fd + FIRST_FD_COOKIE, S_IFLNK, fd + FIRST_FD_COOKIE))
                    return;
            }
        },
};

} // namespace faultline
