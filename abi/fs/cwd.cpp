// Reading and changing the working directory of a process.
#include "abi/fs/cwd.hpp"

#include <linux/fcntl.h>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/files_private.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/permission.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

Result<u32> sys_getcwd(UserAddr buffer, u32 size) {
    char* page = static_cast<char*>(kmalloc(PATH_LENGTH_MAX));
    if (page == nullptr)
        return Err(Errno::NOMEM);
    Result<u32> result = 0u;
    {
        ReadGuard guard(tree_lock());
        Inode& pwd = *current()->fs->pwd;
        const auto path = inode_path(pwd, page, PATH_LENGTH_MAX);
        if (is_removed(pwd))
            result = Err(Errno::NOENT);
        else if (!path.ok())
            result = Err(Errno::NAMETOOLONG);
        else
            result = static_cast<u32>(path.value().size()) + 1;
    }
    if (result.ok() && *result > size)
        result = Err(Errno::RANGE);
    if (result.ok() && copy_to_user(buffer, page, *result) != 0)
        result = Err(Errno::FAULT);
    kfree(page);
    return result;
}

namespace {

Result<u32> set_pwd(InodeRef directory) {
    if (!directory->is_directory())
        return Err(Errno::NOTDIR);
    TRY_VOID(inode_permission(*directory, MAY_EXEC));
    iput(std::exchange(current()->fs->pwd, directory.release()));
    return 0u;
}

} // namespace

Result<u32> sys_chdir(UserAddr path) { return set_pwd(TRY(user_path(AT_FDCWD, path, LOOKUP_FOLLOW))); }

Result<u32> sys_fchdir(s32 fd) {
    FileRef file(TRY(fget(fd)));
    return set_pwd(InodeRef(&iget(*file->inode)));
}

} // namespace faultline
