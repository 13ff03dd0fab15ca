// An open file (Linux: struct file) and the operations a kind of file supplies.
#pragma once

#include <utility>

#include "arch/contract/uaccess.hpp"
#include "base/refcount.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct AddressSpace;
struct File;
struct Inode; // abi/fs/inode.hpp

// Buffers are user addresses: an operation copies with copy_to_user/copy_from_user and returns FAULT if
// nothing could be copied, else the bytes done. `position` is the file's own (read, write) or the caller's
// (pread, pwrite).
struct FileOps {
    Result<u32> (*read)(File& file, UserAddr buffer, u32 bytes, u64& position) = nullptr;
    Result<u32> (*write)(File& file, UserAddr buffer, u32 bytes, u64& position) = nullptr;
    // The same from kernel memory: sendfile(2); nullptr: INVAL.
    Result<u32> (*splice_write)(File& file, const void* data, u32 bytes, u64& position) = nullptr;
    Result<s32> (*ioctl)(File& file, u32 request, u32 argument) = nullptr;
    u32 (*poll)(File& file) = nullptr; // POLLIN | POLLOUT | … now; nullptr: always readable and writable
    // Opening may be refused, or do something; `flags` are open's own (O_NOCTTY …). Before anything else.
    Result<void> (*open)(File& file, u32 flags) = nullptr;
    void (*release)(File& file) = nullptr; // the last reference is going
    bool seekable = false;
};

struct File {
    const FileOps* ops = nullptr;
    Inode* inode = nullptr; // with a reference; never nullptr in a finished file
    u32 flags = 0;          // O_ACCMODE, O_APPEND, O_NONBLOCK …
    u64 position = 0;
    Refcount references{1};
    void* private_data = nullptr;
    bool readable() const;
    bool writable() const;
};

// A file over `inode`, of which it takes its own reference. NOMEM.
Result<File*> alloc_file(Inode& inode, const FileOps& ops, u32 flags);
File& get_file(File& file); // one more reference
void fput(File& file);      // one fewer; the last closes it
u32 nr_open_files();        // in the whole system: /proc/sys/fs/file-nr

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

// What mmap of this file maps, without a reference; nullptr: NODEV.
AddressSpace* file_mapping(File& file);

} // namespace faultline
