// A memfd is a regular file whose name is only for /proc.
#include "abi/fs/memfd.hpp"

#include <linux/fcntl.h>
#include <linux/memfd.h>

#include <cstring>

#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/open.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

Result<u32> sys_memfd_create(UserAddr user_name, u32 flags) {
    constexpr std::string_view prefix = "memfd:";
    constexpr u32 longest = NAME_LENGTH_MAX - static_cast<u32>(prefix.size()); // memfd_create(2): 249
    if ((flags & ~u32(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0)
        return Err(Errno::INVAL);
    char name[NAME_LENGTH_MAX + 1];
    std::memcpy(name, prefix.data(), prefix.size());
    const u32 length = TRY(strncpy_from_user(name + prefix.size(), user_name, longest + 1));
    if (length > longest)
        return Err(Errno::INVAL);
    InodeRef inode(TRY(new_inode(S_IFREG | 0777)));
    TRY_VOID(set_unlisted_name(*inode, nullptr, {name, prefix.size() + length}));
    FileRef file = TRY(open_inode(*inode, O_RDWR | O_LARGEFILE));
    return static_cast<u32>(TRY(fd_install(std::move(file), (flags & MFD_CLOEXEC) != 0)));
}

} // namespace faultline
