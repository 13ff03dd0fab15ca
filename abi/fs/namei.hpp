// From a path to an inode (path_resolution(7); Linux: fs/namei.c).
#pragma once

#include "abi/fs/inode.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

// A path in kernel memory. Its buffer has PATH_LENGTH_MAX bytes; the walk expands symbolic links in it.
class PathName {
  public:
    PathName() = default;
    PathName(PathName&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
    PathName& operator=(PathName&& other) noexcept {
        std::swap(text_, other.text_);
        return *this;
    }
    ~PathName();

    // Copies a path of the program. FAULT, NAMETOOLONG, NOMEM; NOENT: it is empty, unless `empty_allowed`. May sleep.
    static Result<PathName> from_user(UserAddr path, bool empty_allowed = false);
    // Copies a path of the kernel. NAMETOOLONG, NOMEM; NOENT: it is empty.
    static Result<PathName> from_kernel(std::string_view path);

    char* text() { return text_; }
    bool empty() const { return text_[0] == '\0'; }

  private:
    char* text_ = nullptr;
};

enum LookupFlag : u32 {
    LOOKUP_FOLLOW = 1,  // follow the last component if it is a symbolic link
    LOOKUP_MISSING = 2, // the last component need not exist; then `inode` is empty
};

// The result of a walk.
struct Found {
    enum Last : u8 {
        Name,   // `name` in the directory `parent`
        Dot,    // "." or "/": `parent` is empty, `inode` is the directory
        DotDot, // ".."; the same
    } last = Dot;
    InodeRef parent;
    std::string_view name; // of the last component; points into the PathName
    InodeRef inode;
    bool trailing_slash = false; // the path ended with "/"
};

// Walks `path` from the directory `dirfd` (AT_FDCWD: current's working directory). Caller holds tree_lock until it has
// used the result: for reading if it only looks, for writing if it changes the tree. `cred` must be allowed to search
// every directory on the way; nullptr is the kernel, which may. NOENT, NOTDIR, LOOP, NAMETOOLONG, BADF, ACCES, NOMEM.
Result<Found> walk_path(s32 dirfd, PathName& path, u32 flags, const Cred* cred = current()->cred);

// Walks to an inode that must exist. Takes tree_lock for reading. Errors as PathName::from_user() and walk_path().
Result<InodeRef> user_path(s32 dirfd, UserAddr path, u32 flags);

// The inode that (dirfd, path, flags) of an *at call names. `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH; with the
// latter, an empty path names the file of `dirfd`. Takes tree_lock for reading. Errors as user_path().
Result<InodeRef> inode_at(s32 dirfd, UserAddr path, u32 flags, const Cred* cred = current()->cred);

// The directory that a descriptor or AT_FDCWD stands for. BADF, NOTDIR.
Result<InodeRef> directory_of(s32 dirfd);

// The inode for a name in a directory, with a reference, after crossing mounts. NOENT, NOMEM. Caller holds tree_lock.
Result<InodeRef> lookup_child(Inode& directory, std::string_view name);

// For the kernel at boot. `path` is absolute, and its parent exists. make_directory() returns a directory that is
// already there; any other node of that name is replaced. Without memory they panic.
Inode& make_directory(std::string_view path, u32 permissions = 0755);
void make_device(std::string_view path, u32 mode, u32 rdev); // S_IFCHR or S_IFBLK, and permissions; major << 8 | minor

} // namespace faultline
