// Reads and changes the three capability sets, in the three versions of their user structure. (Linux
// kernel/capability.c.)
#include "abi/cred/capability.hpp"

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/task/pid.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constexpr u32 MAX_WORDS = _LINUX_CAPABILITY_U32S_3;

// Reads the header and returns how many words each set has in its version. INVAL: an unknown version; the version to
// use is then written to the header. FAULT.
Result<u32> capability_words(UserAddr header_address, __user_cap_header_struct& header) {
    TRY_VOID(copy_struct_from_user(&header.version, header_address, sizeof header.version));
    switch (header.version) {
    case _LINUX_CAPABILITY_VERSION_1:
        break;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        break;
    default:
        TRY_VOID(put_user_u32(header_address, _LINUX_CAPABILITY_VERSION_3));
        return Err(Errno::INVAL);
    }
    TRY_VOID(copy_struct_from_user(&header, header_address, sizeof header));
    return header.version == _LINUX_CAPABILITY_VERSION_1 ? u32{_LINUX_CAPABILITY_U32S_1} : MAX_WORDS;
}

u64 join(const __user_cap_data_struct* data, u32 words, __u32 __user_cap_data_struct::* set) {
    return data[0].*set | (words > 1 ? u64{data[1].*set} << 32 : 0);
}

} // namespace

Result<u32> sys_capget(UserAddr header_address, UserAddr data_address) {
    __user_cap_header_struct header = {};
    const Result<u32> words = capability_words(header_address, header);
    if (!words)
        return words.error() == Errno::INVAL && data_address.value() == 0 ? Result<u32>(0u) : Err(words.error());
    if (header.pid < 0)
        return Err(Errno::INVAL);
    const Cred& cred = *TRY(task_or_current(header.pid))->cred;
    __user_cap_data_struct data[MAX_WORDS] = {};
    for (u32 i = 0; i < words.value(); ++i)
        data[i] = {static_cast<u32>(cred.cap_effective >> 32 * i), static_cast<u32>(cred.cap_permitted >> 32 * i),
                   static_cast<u32>(cred.cap_inheritable >> 32 * i)};
    if (data_address.value() != 0)
        TRY_VOID(copy_struct_to_user(data_address, data, words.value() * u32{sizeof data[0]}));
    return 0u;
}

Result<u32> sys_capset(UserAddr header_address, UserAddr data_address) {
    __user_cap_header_struct header = {};
    const u32 words = TRY(capability_words(header_address, header));
    if (header.pid != 0 && header.pid != current()->pid)
        return Err(Errno::PERM);
    __user_cap_data_struct data[MAX_WORDS] = {};
    TRY_VOID(copy_struct_from_user(data, data_address, words * u32{sizeof data[0]}));
    return change_creds([&](Cred& next, const Cred& before) -> Result<void> {
        const u64 effective = join(data, words, &__user_cap_data_struct::effective);
        const u64 permitted = join(data, words, &__user_cap_data_struct::permitted);
        const u64 inheritable = join(data, words, &__user_cap_data_struct::inheritable);
        const bool gains = (permitted & ~before.cap_permitted) != 0 || (effective & ~permitted) != 0 ||
                           (inheritable & ~(before.cap_inheritable | before.cap_permitted)) != 0 ||
                           (inheritable & ~(before.cap_inheritable | before.cap_bset)) != 0;
        if (gains)
            return Err(Errno::PERM);
        next.cap_effective = effective;
        next.cap_permitted = permitted;
        next.cap_inheritable = inheritable;
        return {};
    });
}

} // namespace faultline
