// The tree of files in memory. An Inode is a file of any kind; a Dentry is one name of it in one directory (Linux:
// inode, dentry). The data of a regular file is its page cache, and mmap and execve map those pages. There is no disk
// behind it, so nothing is written back. Only block devices have one (abi/block/).
//
// References: each stored pointer to an inode holds one. A name in a directory holds one on its inode and one on the
// directory. When the last name of a file is removed, its Dentry stays with the inode and keeps its reference on the
// directory. So /proc can still show the name, and ".." of a removed directory still leads somewhere.
#pragma once

#include <atomic>
#include <string_view>
#include <utility>

#include <linux/fcntl.h>
#include <linux/stat.h>

#include "abi/fs/file.hpp"
#include "abi/task/pid_ref.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/filemap.hpp"
#include "mm/shmem.hpp"

namespace faultline {

struct FileLockContext; // abi/fs/locks.cpp
struct Inode;
struct Pipe;
struct Xattr; // abi/fs/xattr.cpp

inline constexpr u32 NAME_LENGTH_MAX = 255;  // NAME_MAX
inline constexpr u32 PATH_LENGTH_MAX = 4096; // PATH_MAX, with the NUL
inline constexpr u32 SYMLINK_DEPTH_MAX = 40; // path_resolution(7)

struct Dentry {
    Inode* inode = nullptr;
    // With a reference. nullptr: the name was never in a directory (memfd, pipe).
    Inode* parent = nullptr;
    u32 cookie = 0; // its position in the directory, rising; d_off of getdents64()
    u32 length = 0;
    bool removed = false;        // no longer in `parent`
    TreeHook by_name, by_cookie; // in Inode::entries and Inode::children of `parent`
    ListHook alias;              // in Inode::names of `inode`
    char text[1];                // `length` bytes, without a NUL

    std::string_view name() const { return {text, length}; }
};

struct DentryName {
    using type = std::string_view;
    std::string_view operator()(const Dentry& dentry) const { return dentry.name(); }
};
struct DentryCookie {
    using type = u32;
    u32 operator()(const Dentry& dentry) const { return dentry.cookie; }
};

// Receives directory entries one by one. entry() returns false to stop. `type` is the S_IFMT part of a mode.
struct DirectorySink {
    virtual bool entry(std::string_view name, u64 inode_number, u32 type, u32 cookie) = 0;

  protected:
    ~DirectorySink() = default;
};

// The operations of an inode that is not plain tmpfs (procfs). All are called with tree_lock held.
struct InodeOps {
    // Finds an entry of a directory whose entries are made on demand. Returns the inode with a reference. NOENT, NOMEM.
    Result<Inode*> (*lookup)(Inode& directory, std::string_view name) = nullptr;
    // Passes the entries with a cookie greater than `after` to `sink`, in rising order of cookies. NOENT: what the
    // directory is about is gone.
    Result<void> (*iterate)(Inode& directory, u32 after, DirectorySink& sink) = nullptr;
    // Writes the text of a symbolic link into `buffer`, cut to `size` bytes. Returns its length.
    Result<u32> (*readlink)(Inode& link, char* buffer, u32 size) = nullptr;
    // The inode to which following the link leads, with a reference. nullptr: the walk follows the text. /proc/PID/fd/N
    // needs this, because its text need not be a path.
    Result<Inode*> (*follow)(Inode& link) = nullptr;
    // Whether current may do what the mode bits refuse it. nullptr: no.
    bool (*permits)(const Inode& inode) = nullptr;
    // Whether an open file of this directory stands for the process Inode::proc_pid (pidfd_send_signal(2)).
    bool is_process = false;
};

struct InodeMapping : AddressSpace {
    Inode* host = nullptr;
};
Inode* inode_of(AddressSpace& mapping); // the inode whose page cache this is; nullptr: it belongs to none (shmem_new)

struct Inode {
    u64 number = 0;
    u32 mode = 0; // S_IFMT and permission bits
    u32 uid = 0, gid = 0;
    bool link_has_block = false; // symbolic link: its text counts as a page of its file system
    bool linkable = false;       // has no name, but linkat(2) may give it one (O_TMPFILE)
    u32 nlink = 0;               // names in the tree; for a directory also "." and the ".." of its subdirectories
    Refcount references{1};
    u32 rdev = 0; // devices: major << 8 | minor
    // In nanoseconds since 1970. Atomic, because write faults set them without a lock of the inode.
    Relaxed<u64> atime_ns = 0, mtime_ns = 0, ctime_ns = 0;
    // The operations of open files. nullptr: open(2) chooses them by the type.
    const FileOps* file_ops = nullptr;
    const InodeOps* ops = nullptr;
    List<Dentry, &Dentry::alias> names;

    // Directory: its entries, as names are looked up and in the order in which they are listed.
    Tree<Dentry, &Dentry::by_name, DentryName> entries;
    Tree<Dentry, &Dentry::by_cookie, DentryCookie> children;
    u32 next_cookie = 3;      // 1 and 2 are "." and ".."
    Inode* mounted = nullptr; // directory: the root that is mounted on it, with a reference
    Inode* covers = nullptr;  // root of a mount: the directory that it covers, with a reference

    RwSemaphore lock{"Inode"};        // regular file: guards size and writes; taken outside the mmap lock
    InodeMapping mapping;             // regular file
    char* link_target = nullptr;      // symbolic link, NUL-terminated, from kmalloc
    FileLockContext* locks = nullptr; // fcntl's and flock's; nullptr: there are none
    Xattr* xattrs = nullptr;          // extended attributes
    u32 seals = F_SEAL_SEAL;          // regular file: F_SEAL_… of fcntl(2)
    u32 shared_maps_begun = 0;        // calls of mmap(2) that are about to map it shared and for writing
    WaitQueue lock_waiters;
    Pipe* pipe = nullptr; // FIFO: nullptr while no task has it open
    PidRef proc_pid;      // procfs: the task, the descriptor and the ProcEntry that it shows
    s32 proc_fd = 0;
    const void* proc_entry = nullptr;

    u32 type() const { return mode & S_IFMT; }
    bool is_directory() const { return type() == S_IFDIR; }
    bool is_regular() const { return type() == S_IFREG; }
    bool is_symlink() const { return type() == S_IFLNK; }
};

// Guards the shape of the tree: names, children, parents, mounts. It is taken inside the mmap lock, so its holder must
// not touch user memory.
RwSemaphore& tree_lock();

// Makes the root. Called once, at boot, before all other functions here.
void init_inodes();
Inode& root_inode(); // "/", the same for all processes

// A new inode with one reference and no name. Its owner is current's fsuid and fsgid. `mode` includes the file type.
// NOMEM.
Result<Inode*> new_inode(u32 mode);
// The inode belongs to this tmpfs from now on, and its pages count there: it has none yet, and is in no other. Takes a
// reference on `sb`. Does not look at the limit of inodes.
void join_file_system(Inode& inode, ShmemSbInfo& sb);
Inode& iget(Inode& inode); // takes one more reference
void iput(Inode* inode);   // drops a reference; the last frees the inode and its pages. nullptr: no effect. May sleep

// Holds a reference to an inode, and drops it at the end of its scope.
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

// For these three the caller holds tree_lock, and for the last two holds it for writing. The directory has not been
// removed. Entries that are made on demand (InodeOps::lookup) are not found.
Dentry* find_child(Inode& directory, std::string_view name); // nullptr: no such name
// Takes a reference on `inode`, which joins the directory's file system if it is in none. `replaced`: the entry of that name,
// which is removed; nullptr: there is none. NOMEM.
Result<void> add_name(Inode& directory, std::string_view name, Inode& inode, Dentry* replaced = nullptr);
void remove_name(Dentry& dentry); // drops that reference, which may free the inode

// The entry that follows `at` in the tree below `root`, a directory before its entries, without those of file systems
// mounted there; nullptr: `at` is the last. Caller holds tree_lock.
Dentry* next_below(const Inode& root, const Dentry& at);

// Whether a path can lead to the directory: it has a name in the tree, or is the root of a file system in it. False of
// what procfs makes on demand. Caller holds tree_lock.
bool is_in_tree(const Inode& directory);

// Gives an inode a name without a place in a directory, which /proc shows: for a memfd, for example. `parent` may be
// nullptr. NOMEM.
Result<void> set_unlisted_name(Inode& inode, Inode* parent, std::string_view name);

bool is_removed(const Inode& directory);   // whether rmdir(2) removed it
InodeRef parent_of(Inode& directory);      // "..", with mounts crossed
InodeRef cross_mounts(InodeRef directory); // the root that is mounted on it, or `directory` itself

// Writes the absolute path of an inode by its first name, with a NUL. Adds " (deleted)" if the inode has no name left.
// RANGE: more than `size` bytes. Caller holds tree_lock.
Result<std::string_view> inode_path(Inode& inode, char* buffer, u32 size);

u64 current_time_ns();    // CLOCK_REALTIME in nanoseconds, for time stamps
void touch(Inode& inode); // sets mtime and ctime to now

} // namespace faultline
