// From a path to an inode (path_resolution(7); Linux: fs/namei.c).
#pragma once

#include "abi/fs/inode.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

// A path in kernel memory, in a buffer of PATH_LENGTH_MAX bytes in which the walk also expands symbolic
// links.
class PathName {
  public:
    PathName() = default;
    PathName(PathName&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
    PathName& operator=(PathName&& other) noexcept {
        std::swap(text_, other.text_);
        return *this;
    }
    ~PathName();

    // Copies a path. FAULT, NAMETOOLONG, NOMEM; NOENT if it is empty, unless `empty_allowed`. May sleep.
    static Result<PathName> from_user(UserAddr path, bool empty_allowed = false);
    static Result<PathName> from_kernel(std::string_view path);

    char* text() { return text_; }
    bool empty() const { return text_[0] == '\0'; }

  private:
    char* text_ = nullptr;
};

enum LookupFlag : u32 {
    LOOKUP_FOLLOW = 1,  // the last component, if it is a symbolic link
    LOOKUP_MISSING = 2, // the last component need not exist: then `inode` is empty
};

// How a path ended.
struct Found {
    enum Last : u8 {
        Name, // `name` in `parent`
        Dot,  // ".", ".." or "/": `parent` is empty, `inode` the directory
        DotDot,
    } last = Dot;
    InodeRef parent;
    std::string_view name; // points into the PathName
    InodeRef inode;
    bool trailing_slash = false;
};

// Walks `path` from the directory `dirfd` (AT_FDCWD: current's working directory). NOENT, NOTDIR, LOOP,
// NAMETOOLONG, BADF. Caller holds tree_lock (for reading if it only looks), so that what is found stays true.
// Every directory on the way must let `cred` search it: ACCES.
Result<Found> walk_path(s32 dirfd, PathName& path, u32 flags, const Cred* cred = current()->cred);

// Takes tree_lock for reading and walks to an inode that must exist.
Result<InodeRef> user_path(s32 dirfd, UserAddr path, u32 flags);

// The inode that (dirfd, path, flags) of the *at calls means; an empty path with AT_EMPTY_PATH is dirfd's
// own.
Result<InodeRef> inode_at(s32 dirfd, UserAddr path, u32 flags, const Cred* cred = current()->cred);

// The directory a descriptor or AT_FDCWD stands for. BADF, NOTDIR.
Result<InodeRef> directory_of(s32 dirfd);

// The inode behind a name of a directory, mounts crossed, with a reference. NOENT, NOMEM. Caller holds
// tree_lock.
Result<InodeRef> lookup_child(Inode& directory, std::string_view name);

// For the kernel at boot, where nothing can go wrong but memory (panics then): makes a directory (and returns
// it if it is there already) or any other node; `path` is absolute, its parent exists.
Inode& make_directory(std::string_view path, u32 permissions = 0755);
void make_device(std::string_view path, u32 major, u32 minor, u32 permissions = 0666);

} // namespace faultline
