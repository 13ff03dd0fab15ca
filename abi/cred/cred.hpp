// The credentials of a thread: user and group ids, and capabilities (credentials(7), capabilities(7)).
//
// Several tasks may refer to one Cred, so it is not changed: a task that wants other ids makes a copy and installs it
// (Linux: prepare_creds, commit_creds). As in Linux, each thread has its own credentials; the C library changes those
// of all threads to make setuid(2) act on the process.
#pragma once

#include <linux/capability.h>

#include "abi/cred/user.hpp"
#include "base/refcount.hpp"
#include "base/result.hpp"
#include "base/types.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

inline constexpr u32 GROUPS_MAX = 32; // supplementary groups (Linux: NGROUPS_MAX, which is 65536)

struct CredIds {
    u32 uid = 0, euid = 0, suid = 0, fsuid = 0; // real, effective, saved, and for access to files
    u32 gid = 0, egid = 0, sgid = 0, fsgid = 0;
    u32 group_count = 0;
    u32 groups[GROUPS_MAX] = {};
    u64 cap_permitted = 0, cap_effective = 0, cap_inheritable = 0; // bit n is capability n
    u64 cap_bset = (u64{1} << (CAP_LAST_CAP + 1)) - 1;             // the bounding set
    bool keep_caps = false;                                        // prctl(PR_SET_KEEPCAPS)
};

struct Cred : CredIds {
    Refcount references{1};     // a copy starts with one of its own
    UserStruct* user = nullptr; // of the real user id, with a reference; a copy has one of its own, too
    Cred() = default;
    Cred(const Cred& other) : CredIds(other), user(&get_uid(*other.user)) {}
    Cred& operator=(const Cred&) = delete;
    ~Cred() {
        if (user != nullptr)
            free_uid(*user);
    }
};

inline constexpr u64 ALL_CAPABILITIES = (u64{1} << (CAP_LAST_CAP + 1)) - 1;

Result<Cred*> root_cred(); // the credentials of process 1: all ids 0, all capabilities. NOMEM

// Take and drop a reference. The last put_cred() frees it.
inline Cred& get_cred(Cred& cred) {
    cred.references.inc();
    return cred;
}
void put_cred(Cred& cred);

inline const Cred& current_cred() { return *current()->cred; }

// Returns a copy of current's credentials, with one reference, for the caller to change. NOMEM.
Result<Cred*> prepare_creds();
// Whether the user has more threads than current's RLIMIT_NPROC. (Linux: is_rlimit_overlimit.)
bool has_too_many_processes(const UserStruct& user);
// Gives a copy another real user id, and the user that belongs to it. AGAIN: no memory. (Linux: set_user.)
Result<void> set_user(Cred& cred, u32 uid);
// Installs the copy as current's credentials and takes over the reference. From then on the thread counts with the user of the
// copy. If the ids differ or capabilities were
// gained, the process stops being dumpable and the thread's pdeath_signal is cleared (prctl(2)). Caller holds the
// kernel lock.
void commit_creds(Cred& cred);

// Calls change(copy, present credentials) and installs the copy; returns 0. If change() fails, nothing is installed and
// its error is returned. NOMEM. Caller holds the kernel lock.
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

// Whether current has the capability `cap` (CAP_*) in its effective set.
inline bool capable(u32 cap) { return (current_cred().cap_effective >> cap & 1) != 0; }

// Whether current is bound by what a user may have of pipes, threads and the kernel's memory. (Linux:
// pipe_is_unprivileged_user; the others ask the same.)
inline bool is_unprivileged_user() { return !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN); }

bool in_group_p(const Cred& cred, u32 gid); // whether `gid` is its fsgid or a supplementary group
inline bool in_group_p(u32 gid) { return in_group_p(current_cred(), gid); }

} // namespace faultline
