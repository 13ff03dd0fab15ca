// The tree in memory: an Inode is a file of any kind, a Dentry is one name of it in one directory (Linux:
// inode, dentry). A regular file's data is its page cache, so that mmap and execve page straight from it;
// nothing is ever written back, because there is nothing behind.
//
// References: whoever keeps a pointer to an inode holds one, and so does each of its names. A name also holds
// one on the directory it stands in. The last name of a removed file stays with the inode, so that /proc can
// still say what it was called, and ".." of a removed directory still leads somewhere.
#pragma once

#include <atomic>
#include <string_view>
#include <utility>

#include <linux/stat.h>

#include "abi/fs/file.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/filemap.hpp"

namespace faultline {

struct FileLock; // abi/fs/locks.cpp
struct Inode;
struct Pipe;

inline constexpr u32 NAME_LENGTH_MAX = 255;  // NAME_MAX
inline constexpr u32 PATH_LENGTH_MAX = 4096; // PATH_MAX, with the NUL
inline constexpr u32 SYMLINK_DEPTH_MAX = 40; // path_resolution(7)

struct Dentry {
    Inode* inode = nullptr;
    Inode* parent = nullptr; // with a reference; nullptr: it never stood in a directory (memfd, pipe)
    u32 cookie = 0;          // its place in the directory, rising: what getdents64 calls d_off
    u32 length = 0;
    bool removed = false; // no longer in `parent`
    ListHook sibling;     // Inode::children of `parent`
    ListHook alias;       // Inode::names of `inode`
    char text[1];         // `length` bytes follow; no NUL

    std::string_view name() const { return {text, length}; }
};

// Receives one directory entry; false: stop here. `type` is the S_IFMT part of a mode.
struct DirectorySink {
    virtual bool entry(std::string_view name, u64 inode_number, u32 type, u32 cookie) = 0;

  protected:
    ~DirectorySink() = default;
};

// What an inode that is not plain tmpfs does differently (procfs).
struct InodeOps {
    // A directory whose entries are made on demand: the inode with a reference, or NOENT.
    Result<Inode*> (*lookup)(Inode& directory, std::string_view name) = nullptr;
    // Its entries with a cookie greater than `after`, in rising order.
    void (*iterate)(Inode& directory, u32 after, DirectorySink& sink) = nullptr;
    // A symbolic link's text; returns its length, cut to `size`.
    Result<u32> (*readlink)(Inode& link, char* buffer, u32 size) = nullptr;
    // Where following it leads if that is not what its text says (/proc/PID/fd/N): an inode with a reference.
    Result<Inode*> (*follow)(Inode& link) = nullptr;
};

struct InodeMapping : AddressSpace {
    Inode* host = nullptr;
};
Inode* inode_of(AddressSpace& mapping); // whose page cache it is; nullptr: no inode's (shmem_new)

struct Inode {
    u64 number = 0;
    u32 mode = 0; // S_IFMT and permission bits
    u32 uid = 0, gid = 0;
    bool linkable = false; // without a name, but may be given one: O_TMPFILE
    u32 nlink = 0;         // names in the tree; directories also count "." and their subdirectories' ".."
    Refcount references{1};
    u32 rdev = 0; // devices: major << 8 | minor
    // Write faults touch files too, under no lock of theirs.
    Relaxed<u64> atime_ns = 0, mtime_ns = 0, ctime_ns = 0;
    // What open() gives; nullptr for what open() must ask (devices) or refuse.
    const FileOps* file_ops = nullptr;
    const InodeOps* ops = nullptr;
    List<Dentry, &Dentry::alias> names;

    List<Dentry, &Dentry::sibling> children; // directory
    u32 next_cookie = 3;                     // 1 and 2 are "." and ".."
    Inode* mounted = nullptr;                // directory: the root that covers it, with a reference
    Inode* covers = nullptr;                 // such a root: the directory it covers

    RwSemaphore lock{"Inode"};   // regular file: size and writes, outside the mmap lock
    InodeMapping mapping;        // regular file
    char* link_target = nullptr; // symbolic link, NUL-terminated, from kmalloc
    std::atomic<u32> writers{0}; // open files that may write it: then it is not executed
    FileLock* locks = nullptr;   // fcntl's and flock's
    WaitQueue lock_waiters;
    Pipe* pipe = nullptr; // FIFO: while somebody has it open
    s32 proc_pid = 0;     // procfs: of which task, which descriptor, and what it shows
    s32 proc_fd = 0;
    const void* proc_entry = nullptr;

    u32 type() const { return mode & S_IFMT; }
    bool is_directory() const { return type() == S_IFDIR; }
    bool is_regular() const { return type() == S_IFREG; }
    bool is_symlink() const { return type() == S_IFLNK; }
};

// Guards the shape of the tree: names, children, parents, mounts. Inside the mmap lock; so no user memory is
// touched while it is held.
RwSemaphore& tree_lock();

// Makes the root. Once, at boot, before any other function here.
void init_inodes();
Inode& root_inode(); // what "/" is for everybody

// A fresh inode with one reference and no name, which belongs to current. `mode` has the type. NOMEM.
Result<Inode*> new_inode(u32 mode);
Inode& iget(Inode& inode); // one more reference
void iput(Inode* inode);   // one fewer; the last frees it and its pages. nullptr: nothing. May sleep.

// A reference that is dropped at the end of its scope.
class InodeRef {
  public:
    InodeRef() = default;
    explicit InodeRef(Inode* with_reference) : inode_(with_reference) {}
    InodeRef(InodeRef&& other) noexcept : inode_(std::exchange(other.inode_, nullptr)) {}
    InodeRef& operator=(InodeRef&& other) noexcept {
        if (this != &other)
            iput(std::exchange(inode_, std::exchange(other.inode_, nullptr)));
        return *this;
    }
    ~InodeRef() { iput(inode_); }
    Inode* get() const { return inode_; }
    Inode* release() { return std::exchange(inode_, nullptr); }
    Inode* operator->() const { return inode_; }
    Inode& operator*() const { return *inode_; }
    explicit operator bool() const { return inode_ != nullptr; }

  private:
    Inode* inode_ = nullptr;
};

// The following need tree_lock held for writing, and a directory that has not been removed and whose entries
// are not made on demand.
Dentry* find_child(Inode& directory, std::string_view name);                  // nullptr: no such name
Result<void> add_name(Inode& directory, std::string_view name, Inode& inode); // takes a reference. NOMEM
void remove_name(Dentry& dentry); // gives the reference back; may free the inode

// Gives an inode a name without putting it into a directory: what /proc shows for a memfd. `parent` may be
// nullptr. NOMEM.
Result<void> set_unlisted_name(Inode& inode, Inode* parent, std::string_view name);

bool is_removed(const Inode& directory);   // rmdir'ed
InodeRef parent_of(Inode& directory);      // "..", mounts crossed
InodeRef cross_mounts(InodeRef directory); // the root mounted on it, if any

// The absolute path of an inode, by its first name, with " (deleted)" if that is gone; NUL-terminated. RANGE:
// `size` is too small. Caller holds tree_lock.
Result<std::string_view> inode_path(Inode& inode, char* buffer, u32 size);

u64 current_time_ns();    // for time stamps: CLOCK_REALTIME
void touch(Inode& inode); // modified now

} // namespace faultline
