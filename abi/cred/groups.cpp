// Reads and sets the list of supplementary groups. (Linux kernel/groups.c.)
#include "abi/cred/groups.hpp"

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

Result<u32> sys_getgroups(s32 size, UserAddr list) {
    const Cred& cred = current_cred();
    if (size < 0 || (size != 0 && static_cast<u32>(size) < cred.group_count))
        return Err(Errno::INVAL);
    if (size != 0)
        TRY_VOID(copy_struct_to_user(list, cred.groups, cred.group_count * u32{sizeof(u32)}));
    return cred.group_count;
}

Result<u32> sys_setgroups(s32 size, UserAddr list) {
    if (!capable(CAP_SETGID))
        return Err(Errno::PERM);
    const u32 count = static_cast<u32>(size);
    if (count > GROUPS_MAX)
        return Err(Errno::INVAL);
    return change_creds([&](Cred& next, const Cred&) -> Result<void> {
        next.group_count = count;
        return copy_struct_from_user(next.groups, list, count * u32{sizeof(u32)});
    });
}

} // namespace faultline
