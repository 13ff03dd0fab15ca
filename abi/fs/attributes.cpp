// The rules of chmod(2), chown(2) and utimensat(2), and the changes themselves.
#include "abi/fs/attributes.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"

namespace faultline {

namespace {

constexpr u32 PERMISSIONS = 07777;
constexpr u32 KEEP_ID = ~u32{0}; // chown(2): -1 leaves the id as it is
constexpr s64 NSEC = 1'000'000'000, UTIME_NOW = (1l << 30) - 1, UTIME_OMIT = (1l << 30) - 2;

Result<u32> set_mode(Inode& inode, u32 mode) {
    if (!owner_or_capable(inode))
        return Err(Errno::PERM);
    if (!in_group_p(inode.gid) && !capable(CAP_FSETID))
        mode &= ~u32{S_ISGID};
    inode.mode = (inode.mode & ~PERMISSIONS) | (mode & PERMISSIONS);
    inode.ctime_ns = current_time_ns();
    return 0u;
}

// chown(2): changing the owner needs CAP_CHOWN. The owner may change the group to one of its own groups.
bool may_set_owner(const Inode& inode, u32 uid, u32 gid) {
    const bool own = current_cred().fsuid == inode.uid;
    const bool user = uid == KEEP_ID || (own && uid == inode.uid);
    const bool group = gid == KEEP_ID || (own && (gid == inode.gid || in_group_p(gid)));
    return (user && group) || capable(CAP_CHOWN);
}

Result<u32> set_owner(Inode& inode, u32 uid, u32 gid) {
    if (!may_set_owner(inode, uid, gid))
        return Err(Errno::PERM);
    inode.uid = uid == KEEP_ID ? inode.uid : uid;
    inode.gid = gid == KEEP_ID ? inode.gid : gid;
    // chown(2): an executable file loses its set-id bits.
    if (!inode.is_directory() && (inode.mode & 0111) != 0)
        inode.mode &= ~u32(S_ISUID | S_ISGID);
    inode.ctime_ns = current_time_ns();
    return 0u;
}

Result<InodeRef> inode_of_fd(s32 fd) {
    FileRef file = TRY(fget_ref(fd));
    return InodeRef(&iget(*file->inode));
}

template <class Seconds>
struct TimeSpec { // struct timespec, old_timespec32: the nanoseconds are as wide as the seconds
    Seconds seconds, nanoseconds;
};

Result<void> set_time(u64& time_ns, s64 seconds, s64 nanoseconds) {
    if (nanoseconds == UTIME_OMIT)
        return {};
    if (nanoseconds == UTIME_NOW)
        time_ns = current_time_ns();
    else if (nanoseconds < 0 || nanoseconds >= NSEC)
        return Err(Errno::INVAL);
    else
        time_ns = seconds < 0 ? 0 : static_cast<u64>(seconds) * NSEC + static_cast<u64>(nanoseconds);
    return {};
}

template <class Seconds>
Result<u32> do_utimensat(s32 dirfd, UserAddr path, UserAddr times, u32 flags) {
    if ((flags & ~u32(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
        return Err(Errno::INVAL);
    TimeSpec<Seconds> spec[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    if (times != UserAddr())
        TRY_VOID(copy_struct_from_user(spec, times, sizeof spec));
    const u32 lookup = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : u32{LOOKUP_FOLLOW};
    InodeRef inode = path == UserAddr() ? TRY(inode_of_fd(dirfd)) : TRY(user_path(dirfd, path, lookup));
    // utimensat(2): a task that may write the file may set both times to now. Other times need the owner or CAP_FOWNER.
    const bool both_omitted = spec[0].nanoseconds == UTIME_OMIT && spec[1].nanoseconds == UTIME_OMIT;
    const bool both_now = spec[0].nanoseconds == UTIME_NOW && spec[1].nanoseconds == UTIME_NOW;
    if (!both_omitted && !owner_or_capable(*inode)) {
        if (!both_now)
            return Err(Errno::PERM);
        TRY_VOID(inode_permission(*inode, MAY_WRITE));
    }
    u64 atime = inode->atime_ns, mtime = inode->mtime_ns;
    TRY_VOID(set_time(atime, spec[0].seconds, spec[0].nanoseconds));
    TRY_VOID(set_time(mtime, spec[1].seconds, spec[1].nanoseconds));
    inode->atime_ns = atime;
    inode->mtime_ns = mtime;
    inode->ctime_ns = current_time_ns();
    return 0u;
}

} // namespace

Result<u32> sys_chmod(UserAddr path, u32 mode) { return sys_fchmodat(AT_FDCWD, path, mode); }
Result<u32> sys_fchmod(s32 fd, u32 mode) { return set_mode(*TRY(inode_of_fd(fd)), mode); }
Result<u32> sys_fchmodat(s32 dirfd, UserAddr path, u32 mode) {
    return set_mode(*TRY(user_path(dirfd, path, LOOKUP_FOLLOW)), mode);
}

Result<u32> sys_chown32(UserAddr path, u32 uid, u32 gid) { return sys_fchownat(AT_FDCWD, path, uid, gid, 0); }
Result<u32> sys_lchown32(UserAddr path, u32 uid, u32 gid) {
    return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}
Result<u32> sys_fchown32(s32 fd, u32 uid, u32 gid) { return set_owner(*TRY(inode_of_fd(fd)), uid, gid); }
Result<u32> sys_fchownat(s32 dirfd, UserAddr path, u32 uid, u32 gid, u32 flags) {
    if ((flags & ~u32(AT_SYMLINK_NOFOLLOW)) != 0)
        return Err(Errno::INVAL);
    const u32 lookup = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : u32{LOOKUP_FOLLOW};
    return set_owner(*TRY(user_path(dirfd, path, lookup)), uid, gid);
}

Result<u32> sys_utimensat(s32 dirfd, UserAddr path, UserAddr times, u32 flags) {
    return do_utimensat<s32>(dirfd, path, times, flags);
}
Result<u32> sys_utimensat_time64(s32 dirfd, UserAddr path, UserAddr times, u32 flags) {
    return do_utimensat<s64>(dirfd, path, times, flags);
}

Result<u32> sys_umask(u32 mask) { return std::exchange(current()->fs->umask, mask & 0777); }

} // namespace faultline
