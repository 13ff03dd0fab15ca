// The calls that ask for and change user ids, group ids and capabilities.
#include <linux/capability.h>

#include <algorithm>
#include <initializer_list>

#include "abi/cred/cred.hpp"
#include "abi/process/syscalls.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constexpr u32 UNCHANGED = ~u32{0};

// The ids of a user and those of a group are changed by the same rules, which differ in the capability.
struct IdSet {
    u32 Cred::* real;
    u32 Cred::* effective;
    u32 Cred::* saved;
    u32 Cred::* filesystem;
    u32 capability;
};
constexpr IdSet USER = {&Cred::uid, &Cred::euid, &Cred::suid, &Cred::fsuid, CAP_SETUID};
constexpr IdSet GROUP = {&Cred::gid, &Cred::egid, &Cred::sgid, &Cred::fsgid, CAP_SETGID};

// capabilities(7), "Effect of user ID changes on capabilities".
void adjust_capabilities(Cred& next, const Cred& before) {
    const bool had_root = before.uid == 0 || before.euid == 0 || before.suid == 0;
    const bool has_root = next.uid == 0 || next.euid == 0 || next.suid == 0;
    if (had_root && !has_root && !before.keep_caps)
        next.cap_permitted = next.cap_effective = 0;
    if (before.euid == 0 && next.euid != 0)
        next.cap_effective = 0;
    if (before.euid != 0 && next.euid == 0)
        next.cap_effective = next.cap_permitted;
}

// Gives current a copy of its credentials that `change` has changed; its error leaves all as it was.
template <class Change>
Result<u32> change_creds(Change&& change) {
    Cred* next = TRY(prepare_creds());
    if (const Result<void> changed = change(*next, current_cred()); !changed) {
        put_cred(*next);
        return Err(changed.error());
    }
    adjust_capabilities(*next, current_cred());
    commit_creds(*next);
    return 0u;
}

Result<u32> set_id(const IdSet& ids, u32 id) {
    if (id == UNCHANGED)
        return Err(Errno::INVAL);
    return change_creds([&](Cred& next, const Cred& before) -> Result<void> {
        if (capable(ids.capability))
            next.*ids.real = next.*ids.saved = id;
        else if (id != before.*ids.real && id != before.*ids.saved)
            return Err(Errno::PERM);
        next.*ids.effective = next.*ids.filesystem = id;
        return {};
    });
}

Result<u32> set_real_effective(const IdSet& ids, u32 real, u32 effective) {
    return change_creds([&](Cred& next, const Cred& before) -> Result<void> {
        const bool any = capable(ids.capability);
        const auto one_of = [&](u32 id, std::initializer_list<u32> allowed) {
            return id == UNCHANGED || any || std::find(allowed.begin(), allowed.end(), id) != allowed.end();
        };
        const u32 was_real = before.*ids.real, was_effective = before.*ids.effective;
        if (!one_of(real, {was_real, was_effective}) ||
            !one_of(effective, {was_real, was_effective, before.*ids.saved}))
            return Err(Errno::PERM);
        if (real != UNCHANGED)
            next.*ids.real = real;
        if (effective != UNCHANGED)
            next.*ids.effective = effective;
        if (real != UNCHANGED || (effective != UNCHANGED && effective != was_real))
            next.*ids.saved = next.*ids.effective;
        next.*ids.filesystem = next.*ids.effective;
        return {};
    });
}

Result<u32> set_all_three(const IdSet& ids, u32 real, u32 effective, u32 saved) {
    return change_creds([&](Cred& next, const Cred& before) -> Result<void> {
        for (const u32 id : {real, effective, saved})
            if (id != UNCHANGED && !capable(ids.capability) && id != before.*ids.real && id != before.*ids.effective &&
                id != before.*ids.saved)
                return Err(Errno::PERM);
        next.*ids.real = real != UNCHANGED ? real : before.*ids.real;
        next.*ids.effective = effective != UNCHANGED ? effective : before.*ids.effective;
        next.*ids.saved = saved != UNCHANGED ? saved : before.*ids.saved;
        next.*ids.filesystem = next.*ids.effective;
        return {};
    });
}

Result<u32> get_all_three(const IdSet& ids, UserAddr real, UserAddr effective, UserAddr saved) {
    const Cred& cred = current_cred();
    TRY_VOID(put_user_u32(real, cred.*ids.real));
    TRY_VOID(put_user_u32(effective, cred.*ids.effective));
    TRY_VOID(put_user_u32(saved, cred.*ids.saved));
    return 0u;
}

// Always answers what it was before; one that may not be set is not (setfsuid(2)).
u32 set_filesystem_id(const IdSet& ids, u32 id) {
    const Cred& before = current_cred();
    const u32 was = before.*ids.filesystem;
    const bool allowed = id == before.*ids.real || id == before.*ids.effective || id == before.*ids.saved ||
                         id == was || capable(ids.capability);
    if (id != UNCHANGED && allowed)
        (void)change_creds([&](Cred& next, const Cred&) -> Result<void> { // without memory it is not set either
            next.*ids.filesystem = id;
            return {};
        });
    return was;
}

} // namespace

u32 sys_getuid() { return current_cred().uid; }
u32 sys_geteuid() { return current_cred().euid; }
u32 sys_getgid() { return current_cred().gid; }
u32 sys_getegid() { return current_cred().egid; }

Result<u32> sys_setuid(u32 id) { return set_id(USER, id); }
Result<u32> sys_setgid(u32 id) { return set_id(GROUP, id); }
Result<u32> sys_setreuid(u32 real, u32 effective) { return set_real_effective(USER, real, effective); }
Result<u32> sys_setregid(u32 real, u32 effective) { return set_real_effective(GROUP, real, effective); }
Result<u32> sys_setresuid(u32 real, u32 effective, u32 saved) { return set_all_three(USER, real, effective, saved); }
Result<u32> sys_setresgid(u32 real, u32 effective, u32 saved) { return set_all_three(GROUP, real, effective, saved); }
Result<u32> sys_getresuid(UserAddr real, UserAddr effective, UserAddr saved) {
    return get_all_three(USER, real, effective, saved);
}
Result<u32> sys_getresgid(UserAddr real, UserAddr effective, UserAddr saved) {
    return get_all_three(GROUP, real, effective, saved);
}
u32 sys_setfsuid(u32 id) { return set_filesystem_id(USER, id); }
u32 sys_setfsgid(u32 id) { return set_filesystem_id(GROUP, id); }

// --- supplementary groups ---

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

// --- capabilities ---

namespace {

constexpr u32 MAX_WORDS = _LINUX_CAPABILITY_U32S_3;

// How many words of each set the version has; one that nobody knows is answered with the one to use.
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
    const Task* task = header.pid == 0 ? current() : find_task_by_vpid(header.pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    const Cred& cred = *task->cred;
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
                           (inheritable & ~(before.cap_inheritable | before.cap_permitted)) != 0;
        if (gains)
            return Err(Errno::PERM);
        next.cap_effective = effective;
        next.cap_permitted = permitted;
        next.cap_inheritable = inheritable;
        return {};
    });
}

} // namespace faultline
