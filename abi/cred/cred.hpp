// On whose behalf a thread acts: user and group ids, and capabilities (credentials(7), capabilities(7)).
//
// A Cred that more than one task refers to is never changed: a task that wants other ids makes a copy and installs it
// (Linux: prepare_creds, commit_creds). Ids belong to threads, as in Linux; a C library that promises them to
// the process tells every thread.
#pragma once

#include <linux/capability.h>

#include "base/refcount.hpp"
#include "base/result.hpp"
#include "base/types.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

inline constexpr u32 GROUPS_MAX = 32; // supplementary groups (Linux: NGROUPS_MAX, 65536)

struct CredIds {
    u32 uid = 0, euid = 0, suid = 0, fsuid = 0; // real, effective, saved, for files
    u32 gid = 0, egid = 0, sgid = 0, fsgid = 0;
    u32 group_count = 0;
    u32 groups[GROUPS_MAX] = {};
    u64 cap_permitted = 0, cap_effective = 0, cap_inheritable = 0; // bit n is capability n
    bool keep_caps = false;                                        // prctl(PR_SET_KEEPCAPS)
};

struct Cred : CredIds {
    Refcount references{1}; // a copy's are its own
    Cred() = default;
    Cred(const Cred& other) : CredIds(other) {}
};

inline constexpr u64 ALL_CAPABILITIES = (u64{1} << (CAP_LAST_CAP + 1)) - 1;

Result<Cred*> root_cred(); // process 1's: everything is allowed. NOMEM

inline Cred& get_cred(Cred& cred) {
    cred.references.inc();
    return cred;
}
void put_cred(Cred& cred);

inline const Cred& current_cred() { return *current()->cred; }

// A copy of current's, to be changed and given to commit_creds(), which makes it current's. NOMEM.
Result<Cred*> prepare_creds();
void commit_creds(Cred& cred);

// Gives current a copy of its credentials that change(copy, what they are now) has changed: 0. Its error leaves all as it
// was. NOMEM.
template <class Change>
Result<u32> change_creds(Change&& change) {
    Cred* next = TRY(prepare_creds());
    if (const Result<void> changed = change(*next, current_cred()); !changed) {
        put_cred(*next);
        return Err(changed.error());
    }
    commit_creds(*next);
    return 0u;
}

// Whether current may do what capability `cap` (CAP_*) stands for.
inline bool capable(u32 cap) { return (current_cred().cap_effective >> cap & 1) != 0; }

bool in_group_p(const Cred& cred, u32 gid); // the group for files, or a supplementary one
inline bool in_group_p(u32 gid) { return in_group_p(current_cred(), gid); }

} // namespace faultline
