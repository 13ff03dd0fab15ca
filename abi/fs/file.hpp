// An open file (Linux: struct file), and the operations that each kind of file has.
#pragma once

#include <utility>

#include "arch/contract/uaccess.hpp"
#include "base/refcount.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct AddressSpace;
struct EpItem; // abi/fs/eventpoll_private.hpp
struct File;
struct Inode;     // abi/fs/inode.hpp
struct PollTable; // abi/fs/poll_table.hpp

// The operations of a kind of file. They are called with the kernel lock held; all but `poll` may sleep.
//
// `buffer` is a user address. An operation copies with copy_to_user() or copy_from_user(), and returns the bytes done,
// or FAULT if it could copy none. `position` is in bytes: the file's own for read(2) and write(2), the caller's for
// pread(2) and pwrite(2). The operation advances it by the bytes done.
struct FileOps {
    Result<u32> (*read)(File& file, UserAddr buffer, u32 bytes, u64& position) = nullptr;
    Result<u32> (*write)(File& file, UserAddr buffer, u32 bytes, u64& position) = nullptr;
    // Writes from kernel memory, for sendfile(2). nullptr: sendfile() into this kind of file is INVAL.
    Result<u32> (*splice_write)(File& file, const void* data, u32 bytes, u64& position) = nullptr;
    Result<s32> (*ioctl)(File& file, u32 request, u32 argument) = nullptr;
    // Passes each queue that is woken when the result may change to poll_wait(), and returns POLLIN | POLLOUT | … as of
    // now. nullptr: always readable and writable, and epoll(7) refuses the file.
    u32 (*poll)(File& file, PollTable* table) = nullptr;
    // Runs when a file of this kind is opened, before every other operation. An error makes open(2) fail. `flags` are
    // those of open(2), O_NOCTTY included.
    Result<void> (*open)(File& file, u32 flags) = nullptr;
    void (*release)(File& file) = nullptr; // the last reference goes away
    bool seekable = false;                 // whether pread(2), pwrite(2) and lseek(2) work; else they are SPIPE
    bool noop_seek = false;                // lseek(2) succeeds without effect, seekable or not (Linux noop_llseek)
};

struct File {
    const FileOps* ops = nullptr;
    Inode* inode = nullptr; // with a reference; alloc_file() sets it
    u32 flags = 0;          // O_ACCMODE, O_APPEND, O_NONBLOCK …
    u64 position = 0;
    Refcount references{1};
    void* private_data = nullptr;
    EpItem* epoll_items = nullptr; // the places where epoll instances watch this file; guarded by the kernel lock
    bool readable() const;         // opened for reading
    bool writable() const;         // opened for writing
};

// Makes an open file over `inode`, with one reference for the caller. Takes a reference of its own on `inode`. `flags`
// are those of open(2). NOMEM.
Result<File*> alloc_file(Inode& inode, const FileOps& ops, u32 flags);
File& get_file(File& file); // takes one more reference
void fput(File& file);      // drops a reference; the last one closes the file. May sleep
u32 nr_open_files();        // open files of the whole system, for /proc/sys/fs/file-nr

// Holds a reference to a file, and drops it at the end of its scope.
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

// The page cache that mmap(2) of this file maps, without a reference; nullptr if it cannot be mapped (NODEV).
AddressSpace* file_mapping(File& file);

} // namespace faultline
