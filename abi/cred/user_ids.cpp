// Reads and changes user ids and group ids. (Linux kernel/sys.c.)
#include "abi/cred/user_ids.hpp"

#include <linux/capability.h>

#include <algorithm>
#include <initializer_list>

#include "abi/cred/cred.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constexpr u32 UNCHANGED = ~u32{0};

// User ids and group ids change by the same rules, except that a different capability is needed.
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

// As change_creds(), and then adjusts the capabilities to the new ids.
template <class Change>
Result<u32> change_ids(Change&& change) {
    return change_creds([&](Cred& next, const Cred& before) -> Result<void> {
        TRY_VOID(change(next, before));
        if (next.uid != before.uid) {
            TRY_VOID(set_user(next, next.uid));
            // Few programs look whether setuid(2) has failed, so it is execve(2) that does. (Linux: flag_nproc_exceeded.)
            current()->nproc_exceeded = next.uid != 0 && has_too_many_processes(*next.user);
        }
        adjust_capabilities(next, before);
        return {};
    });
}

Result<u32> set_id(const IdSet& ids, u32 id) {
    if (id == UNCHANGED)
        return Err(Errno::INVAL);
    return change_ids([&](Cred& next, const Cred& before) -> Result<void> {
        if (capable(ids.capability))
            next.*ids.real = next.*ids.saved = id;
        else if (id != before.*ids.real && id != before.*ids.saved)
            return Err(Errno::PERM);
        next.*ids.effective = next.*ids.filesystem = id;
        return {};
    });
}

Result<u32> set_real_effective(const IdSet& ids, u32 real, u32 effective) {
    return change_ids([&](Cred& next, const Cred& before) -> Result<void> {
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
    return change_ids([&](Cred& next, const Cred& before) -> Result<void> {
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

// Returns the previous id, whether or not the new one could be set (setfsuid(2)).
u32 set_filesystem_id(const IdSet& ids, u32 id) {
    const Cred& before = current_cred();
    const u32 was = before.*ids.filesystem;
    const bool allowed = id == before.*ids.real || id == before.*ids.effective || id == before.*ids.saved ||
                         id == was || capable(ids.capability);
    if (id != UNCHANGED && allowed)
        (void)change_ids([&](Cred& next, const Cred&) -> Result<void> { // if there is no memory, it is not set
            next.*ids.filesystem = id;
            return {};
        });
    return was;
}

} // namespace

namespace {

// An id for a program that keeps ids in 16 bits. (Linux: high2lowuid, fs.overflowuid.)
u32 high_to_low(u32 id) {
    constexpr u32 LARGEST = 0xffff, OVERFLOW_ID = 65534;
    return id > LARGEST ? OVERFLOW_ID : id;
}

} // namespace

u32 sys_getuid16() { return high_to_low(current_cred().uid); }
u32 sys_geteuid16() { return high_to_low(current_cred().euid); }
u32 sys_getgid16() { return high_to_low(current_cred().gid); }
u32 sys_getegid16() { return high_to_low(current_cred().egid); }

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

} // namespace faultline
