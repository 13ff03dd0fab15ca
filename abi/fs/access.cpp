// access(2) and its variants: a permission check with the real ids, or with AT_EACCESS the effective ones.
#include "abi/fs/access.hpp"

#include <linux/fcntl.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"

namespace faultline {

Result<u32> sys_faccessat2(s32 dirfd, UserAddr path, u32 mode, u32 flags) {
    constexpr u32 ANY = MAY_READ | MAY_WRITE | MAY_EXEC; // R_OK, W_OK, X_OK
    if ((mode & ~ANY) != 0 || (flags & ~u32(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
        return Err(Errno::INVAL);
    Cred cred = current_cred();
    // Check as the real user. Root gets its permitted capabilities, any other user none (Linux access_override_creds).
    if ((flags & AT_EACCESS) == 0) {
        cred.fsuid = cred.uid;
        cred.fsgid = cred.gid;
        cred.cap_effective = cred.uid == 0 ? cred.cap_permitted : 0;
    }
    InodeRef inode = TRY(inode_at(dirfd, path, flags, &cred));
    TRY_VOID(inode_permission(&cred, *inode, mode));
    return 0u;
}

Result<u32> sys_faccessat(s32 dirfd, UserAddr path, u32 mode) { return sys_faccessat2(dirfd, path, mode, 0); }
Result<u32> sys_access(UserAddr path, u32 mode) { return sys_faccessat2(AT_FDCWD, path, mode, 0); }

} // namespace faultline
