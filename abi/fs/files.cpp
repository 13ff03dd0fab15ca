// The descriptor table of a process, its working directory and its umask.
#include "abi/fs/files.hpp"

#include <algorithm>

#include <linux/fcntl.h>
#include <linux/resource.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/locks.hpp"
#include "abi/task/thread_group.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 FIRST_CAPACITY = 32;
constinit KmemCache files_cache("files", sizeof(FilesStruct), alignof(FilesStruct));
constinit KmemCache fs_cache("fs", sizeof(FsStruct), alignof(FsStruct));

Result<void> grow(FilesStruct& files, u32 capacity) {
    auto* table = static_cast<Descriptor*>(kmalloc(capacity * static_cast<u32>(sizeof(Descriptor))));
    if (table == nullptr)
        return Err(Errno::NOMEM);
    std::copy_n(files.table, files.end, table);
    kfree(files.table);
    files.table = table;
    files.capacity = capacity;
    return {};
}

} // namespace

u32 fd_limit() { return static_cast<u32>(std::min<u64>(current_group().limits[RLIMIT_NOFILE].soft, OPEN_MAX)); }

u32 fd_table_size() { return current()->files->capacity; }

namespace {

// Takes a file out of the table, with the table's reference; nullptr if the descriptor is not open.
File* take(FilesStruct& files, u32 fd) {
    Guard guard(files.lock);
    if (fd >= files.end || files.table[fd].file == nullptr)
        return nullptr;
    return std::exchange(files.table[fd], Descriptor{}).file;
}

// Drops the file of a closed descriptor. The process loses its range locks on the file, even if it has other
// descriptors for it. (Linux filp_close.)
void close_file(FilesStruct& files, File& file) {
    locks_remove_posix(*file.inode, files);
    fput(file);
}

} // namespace

Result<FilesStruct*> files_new() {
    auto* files = kmem_new<FilesStruct>(files_cache);
    if (files == nullptr)
        return Err(Errno::NOMEM);
    if (!grow(*files, FIRST_CAPACITY).ok()) {
        kmem_delete(files_cache, files);
        return Err(Errno::NOMEM);
    }
    return files;
}

Result<FilesStruct*> files_dup(FilesStruct& from) {
    FilesStruct* files = TRY(files_new());
    if (from.capacity > files->capacity && !grow(*files, from.capacity).ok()) {
        files_put(*files);
        return Err(Errno::NOMEM);
    }
    Guard guard(from.lock);
    BUG_ON(from.capacity > files->capacity);
    for (; files->end < from.end; ++files->end) {
        const Descriptor& descriptor = from.table[files->end];
        files->table[files->end] = descriptor.file != nullptr ? descriptor : Descriptor{}; // not if only reserved
        if (descriptor.file != nullptr)
            get_file(*descriptor.file);
    }
    return files;
}

FilesStruct& files_get(FilesStruct& files) {
    files.references.inc();
    return files;
}

bool files_shared(const FilesStruct& files) { return !files.references.is_only(); }

void files_put(FilesStruct& files) {
    if (!files.references.dec_and_test())
        return;
    for (u32 fd = 0; fd < files.end; ++fd)
        if (files.table[fd].file != nullptr)
            close_file(files, *files.table[fd].file);
    kfree(files.table);
    kmem_delete(files_cache, &files);
}

void files_close_on_exec(FilesStruct& files) {
    for (u32 fd = 0; fd < files.end; ++fd) {
        if (!files.table[fd].close_on_exec)
            continue;
        if (File* file = take(files, fd))
            close_file(files, *file);
    }
}

namespace {

// The table entry of an open descriptor; nullptr if it is not open. Caller holds files.lock.
Descriptor* find_descriptor(FilesStruct& files, s32 fd) {
    if (fd < 0 || static_cast<u32>(fd) >= files.end || files.table[fd].file == nullptr)
        return nullptr;
    return &files.table[fd];
}

} // namespace

File* lookup_fd(FilesStruct& files, s32 fd) {
    Guard guard(files.lock);
    Descriptor* descriptor = find_descriptor(files, fd);
    return descriptor != nullptr ? &get_file(*descriptor->file) : nullptr;
}

bool get_close_on_exec(FilesStruct& files, s32 fd) {
    Guard guard(files.lock);
    const Descriptor* descriptor = find_descriptor(files, fd);
    return descriptor != nullptr && descriptor->close_on_exec;
}

void set_close_on_exec(FilesStruct& files, s32 fd, bool on) {
    Guard guard(files.lock);
    if (Descriptor* descriptor = find_descriptor(files, fd))
        descriptor->close_on_exec = on;
}

Result<File*> fget(s32 fd) {
    File* file = lookup_fd(*current()->files, fd);
    if (file == nullptr)
        return Err(Errno::BADF);
    return file;
}

Result<FileRef> fget_ref(s32 fd) {
    FileRef file(TRY(fget(fd)));
    if ((file->flags & O_PATH) != 0)
        return Err(Errno::BADF);
    return file;
}

// Others that look into the table (/proc/PID/fd, pidfd_getfd) hold its lock and change nothing. So current reads it without.
FdRef::FdRef(s32 fd) {
    FilesStruct& files = *current()->files;
    referenced_ = files_shared(files);
    if (referenced_) {
        file_ = lookup_fd(files, fd);
        referenced_ = file_ != nullptr;
    } else if (const Descriptor* descriptor = find_descriptor(files, fd)) {
        file_ = descriptor->file;
    }
    if (file_ != nullptr && (file_->flags & O_PATH) != 0) {
        if (std::exchange(referenced_, false))
            fput(*file_);
        file_ = nullptr;
    }
}

namespace {

// Makes the table reach as far as `fd`. NOMEM. Caller holds files.lock.
Result<void> make_room(FilesStruct& files, u32 fd) {
    u32 capacity = files.capacity;
    while (capacity <= fd)
        capacity *= 2;
    if (capacity != files.capacity)
        TRY_VOID(grow(files, capacity));
    while (files.end <= fd)
        files.table[files.end++] = {};
    return {};
}

// The lowest free descriptor from `lowest` on. MFILE, NOMEM. Caller holds files.lock.
Result<u32> find_free(FilesStruct& files, u32 lowest) {
    u32 fd = lowest;
    while (fd < files.end && (files.table[fd].file != nullptr || files.table[fd].reserved))
        ++fd;
    if (fd >= fd_limit())
        return Err(Errno::MFILE);
    TRY_VOID(make_room(files, fd));
    return fd;
}

// Two descriptors that nobody else gets until they are filled, or until this goes.
class ReservedPair {
  public:
    explicit ReservedPair(FilesStruct& files) : files_(files) {}
    ReservedPair(const ReservedPair&) = delete;
    ReservedPair& operator=(const ReservedPair&) = delete;
    ~ReservedPair() {
        Guard guard(files_.lock);
        while (count_ != 0)
            files_.table[fds_[--count_]].reserved = false;
    }

    Result<void> take_both() { // MFILE, NOMEM
        Guard guard(files_.lock);
        for (u32& fd : fds_) {
            fd = TRY(find_free(files_, 0));
            files_.table[fd].reserved = true;
            ++count_;
        }
        return {};
    }
    const u32 (&numbers() const)[2] { return fds_; }
    void fill(File& first, File& second, bool close_on_exec) {
        Guard guard(files_.lock);
        files_.table[fds_[0]] = {&first, close_on_exec};
        files_.table[fds_[1]] = {&second, close_on_exec};
        count_ = 0;
    }

  private:
    FilesStruct& files_;
    u32 fds_[2] = {}, count_ = 0;
};

} // namespace

Result<s32> fd_install(File& file, u32 lowest, bool close_on_exec) {
    FilesStruct& files = *current()->files;
    Guard guard(files.lock);
    const u32 fd = TRY(find_free(files, lowest));
    files.table[fd] = {&file, close_on_exec};
    return static_cast<s32>(fd);
}

Result<u32> fd_install_pair(FileRef first, FileRef second, bool close_on_exec, UserAddr fds) {
    ReservedPair pair(*current()->files);
    TRY_VOID(pair.take_both());
    TRY_VOID(copy_struct_to_user(fds, &pair.numbers(), sizeof pair.numbers()));
    pair.fill(*first.release(), *second.release(), close_on_exec);
    return 0u;
}

Result<u32> fd_replace(FileRef file, u32 fd, bool close_on_exec) {
    if (fd >= fd_limit())
        return Err(Errno::BADF);
    FilesStruct& files = *current()->files;
    File* replaced = nullptr;
    {
        Guard guard(files.lock);
        TRY_VOID(make_room(files, fd));
        if (files.table[fd].reserved)
            return Err(Errno::BUSY);
        replaced = std::exchange(files.table[fd], {file.release(), close_on_exec}).file;
    }
    if (replaced != nullptr)
        close_file(files, *replaced);
    return fd;
}

Result<s32> fd_install(FileRef file, bool close_on_exec) {
    const s32 fd = TRY(fd_install(*file, 0, close_on_exec));
    file.release();
    return fd;
}

Result<void> close_fd(s32 fd) {
    File* file = fd >= 0 ? take(*current()->files, static_cast<u32>(fd)) : nullptr;
    if (file == nullptr)
        return Err(Errno::BADF);
    close_file(*current()->files, *file);
    return {};
}

Result<FsStruct*> fs_new() {
    auto* fs = kmem_new<FsStruct>(fs_cache);
    if (fs == nullptr)
        return Err(Errno::NOMEM);
    fs->pwd = &iget(root_inode());
    return fs;
}

Result<FsStruct*> fs_dup(FsStruct& from) {
    FsStruct* fs = TRY(fs_new());
    iput(std::exchange(fs->pwd, &iget(*from.pwd)));
    fs->umask = from.umask;
    return fs;
}

FsStruct& fs_get(FsStruct& fs) {
    fs.references.inc();
    return fs;
}

void fs_put(FsStruct& fs) {
    if (!fs.references.dec_and_test())
        return;
    iput(fs.pwd);
    kmem_delete(fs_cache, &fs);
}

Result<u32> sys_close(s32 fd) {
    TRY_VOID(close_fd(fd));
    return 0u;
}

Result<u32> sys_close_range(u32 first, u32 last, u32 flags) {
    if (first > last || flags != 0)
        return Err(Errno::INVAL);
    for (u32 fd = first; fd <= last && fd < OPEN_MAX; ++fd)
        (void)close_fd(static_cast<s32>(fd));
    return 0u;
}

} // namespace faultline
