// What the descriptor table and the place in the tree are made of; for abi/fs and procfs only.
#pragma once

#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "base/refcount.hpp"
#include "base/spinlock.hpp"

namespace faultline {

struct Descriptor {
    File* file = nullptr; // with a reference; nullptr: free
    bool close_on_exec = false;
};

struct FilesStruct {
    Refcount references{1};
    u32 capacity = 0;
    SpinLock lock{"FilesStruct"}; // guards the table; no file is closed under it
    Descriptor* table = nullptr;  // `capacity` of them, from kmalloc; grows, never shrinks
};

struct FsStruct {
    Refcount references{1};
    Inode* pwd = nullptr; // with a reference
    u32 umask = 022;
};

u32 fd_limit(); // current's RLIMIT_NOFILE: every new descriptor is below

// A task's file for a descriptor, with a reference; nullptr if there is none. Any task's, as long as `files`
// stays.
File* lookup_fd(FilesStruct& files, s32 fd);

// The close-on-exec flag of a descriptor; false, or nothing done, if it is not open.
bool get_close_on_exec(FilesStruct& files, s32 fd);
void set_close_on_exec(FilesStruct& files, s32 fd, bool on);

// A file with a reference that is dropped at the end of its scope.
class FileRef {
  public:
    FileRef() = default;
    explicit FileRef(File* with_reference) : file_(with_reference) {}
    FileRef(FileRef&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
    FileRef& operator=(FileRef&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~FileRef() {
        if (file_ != nullptr)
            fput(*file_);
    }
    File* get() const { return file_; }
    File* release() { return std::exchange(file_, nullptr); }
    File* operator->() const { return file_; }
    File& operator*() const { return *file_; }

  private:
    File* file_ = nullptr;
};

// fget() as a FileRef. BADF, also for a descriptor opened with O_PATH.
Result<FileRef> fget_ref(s32 fd);

} // namespace faultline
