// Stores the system's names. The host name and the domain name can be changed.
#include "abi/system/utsname.hpp"

#include <linux/capability.h>

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constinit new_utsname system_name_now = SYSTEM_NAME;

Result<u32> set_name(char (&field)[sizeof new_utsname::nodename], UserAddr name, s32 length) {
    if (!capable(CAP_SYS_ADMIN))
        return Err(Errno::PERM);
    if (length < 0 || length > __NEW_UTS_LEN)
        return Err(Errno::INVAL);
    char text[sizeof field] = {};
    TRY_VOID(copy_struct_from_user(text, name, static_cast<u32>(length)));
    std::copy_n(text, sizeof text, field);
    return 0u;
}

} // namespace

const new_utsname& system_name() { return system_name_now; }

Result<u32> sys_uname(UserAddr buffer) {
    TRY_VOID(copy_struct_to_user(buffer, &system_name_now, sizeof system_name_now));
    return 0u;
}
Result<u32> sys_sethostname(UserAddr name, s32 length) { return set_name(system_name_now.nodename, name, length); }
Result<u32> sys_setdomainname(UserAddr name, s32 length) { return set_name(system_name_now.domainname, name, length); }

} // namespace faultline
