// An open file (Linux: struct file), and the operations that each kind of file has.
#pragma once

#include <utility>

#include "arch/contract/uaccess.hpp"
#include "base/errseq.hpp"
#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/rwsem.hpp"
#include "base/types.hpp"

namespace faultline {

class IovIter; // abi/fs/iov_iter.hpp
struct AddressSpace;
struct EpItem; // abi/fs/eventpoll_private.hpp
struct File;
struct Inode;     // abi/fs/inode.hpp
struct PollTable; // abi/fs/poll_table.hpp
class SeqFile;    // abi/fs/seq_file.hpp

// The operations of a kind of file. They are called with the kernel lock held; all but `poll` may sleep.
//
// `buffer` is a user address. An operation copies with copy_to_user() or copy_from_user(), and returns the bytes done,
// or FAULT if it could copy none. `position` is in bytes: the file's own for read(2) and write(2), the caller's for
// pread(2) and pwrite(2). The operation advances it by the bytes done.
struct FileOps {
    Result<u32> (*read)(File& file, UserAddr buffer, u32 bytes, u64& position) = nullptr;
    Result<u32> (*write)(File& file, UserAddr buffer, u32 bytes, u64& position) = nullptr;
    // The same for the buffers of readv(2) and writev(2) at once. A file has `read` or `read_iter`, and `write` or
    // `write_iter`: with the first, several buffers are several transfers.
    Result<u32> (*read_iter)(File& file, IovIter& to, u64& position) = nullptr;
    Result<u32> (*write_iter)(File& file, IovIter& from, u64& position) = nullptr;
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
    // Adds lines of its own to /proc/PID/fdinfo/N (proc(5)). The caller holds a reference. nullptr: there are none.
    void (*show_fdinfo)(const File& file, SeqFile& out) = nullptr;
    bool seekable = false;  // whether pread(2), pwrite(2) and lseek(2) work; else they are SPIPE
    bool noop_seek = false; // lseek(2) succeeds without effect, seekable or not (Linux noop_llseek)
};

// Where reading is expected to go on. Guarded by the kernel lock; only a guess. (Linux: struct file_ra_state.)
struct ReadAhead {
    u32 next = 0;        // the page after the last one that was read ahead
    u32 pages = 0;       // how many were
    bool random = false; // POSIX_FADV_RANDOM: only what is asked for
};

struct File {
    const FileOps* ops = nullptr;
    Inode* inode = nullptr; // with a reference; alloc_file() sets it
    // The page cache of what it is open on: the inode's own, or that of a block device. (Linux: f_mapping.)
    AddressSpace* mapping = nullptr;
    ErrSeq::Cursor wb_err; // how many failed writes of `mapping` it was told of (Linux: f_wb_err)
    ReadAhead read_ahead;
    u32 flags = 0; // O_ACCMODE, O_APPEND, O_NONBLOCK …
    // Guards `position` of a regular file and of a directory: it is held from the read of the position until it has
    // advanced, while bytes are copied too. Outside Inode::lock. (Linux: f_pos_lock.)
    RwSemaphore position_lock{"File::position"};
    u64 position = 0;
    Refcount references{1};
    bool is_writer = false;    // counts in AddressSpace::i_writecount (Linux: FMODE_WRITER)
    bool denies_write = false; // opened by execve(2): until it is closed, nobody can open the file for writing
    void* private_data = nullptr;
    EpItem* epoll_items = nullptr; // the places where epoll instances watch this file; guarded by the kernel lock
    bool readable() const;         // opened for reading
    bool writable() const;         // opened for writing
    // Whether position_lock guards the position. Other files, such as pipes, have none, or may wait in their operations
    // as long as they like. (Linux: FMODE_ATOMIC_POS.)
    bool has_atomic_position() const;
};

// Holds the position of a file, or of two, until the end of the scope; of files whose position is not atomic, and of
// nullptr, nothing. (Linux: fdget_pos.)
class [[nodiscard]] PositionLocked {
  public:
    explicit PositionLocked(File& file) : first_(file.has_atomic_position() ? &file : nullptr), second_(nullptr) {
        if (first_ != nullptr)
            lock();
    }
    PositionLocked(File* one, File* other);
    ~PositionLocked() {
        if (first_ != nullptr)
            unlock();
    }
    PositionLocked(const PositionLocked&) = delete;
    PositionLocked& operator=(const PositionLocked&) = delete;

  private:
    void lock();
    void unlock();
    File *first_, *second_; // by rising address; if there is one only, the first
};

// Makes an open file over `inode`, with one reference for the caller. Takes a reference of its own on `inode`. `flags`
// are those of open(2). NOMEM; NFILE: there are max_files, and current lacks CAP_SYS_ADMIN; TXTBSY: it would write a program
// that runs. (Linux: alloc_empty_file.)
Result<File*> alloc_file(Inode& inode, const FileOps& ops, u32 flags);
File& get_file(File& file); // takes one more reference
void fput(File& file);      // drops a reference; the last one closes the file. May sleep
u32 nr_open_files();        // open files of the whole system, for /proc/sys/fs/file-nr

// The most open files there may be: /proc/sys/fs/file-max. At boot, one for each 10 KiB that are free, and at least NR_FILE
// (8192). (Linux: files_stat.max_files, files_maxfiles_init.)
inline constinit Relaxed<u32> max_files = ~u32{0};
void init_max_files(); // once, when all memory is known

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
