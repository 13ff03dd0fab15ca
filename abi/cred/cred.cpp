// Allocates, copies and installs credentials. (Linux kernel/cred.c.)
#include "abi/cred/cred.hpp"

#include <linux/resource.h>

#include "abi/task/thread_group.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {
constinit KmemCache cred_cache{"cred", sizeof(Cred), alignof(Cred)};
} // namespace

Result<Cred*> root_cred() {
    auto* cred = kmem_new<Cred>(cred_cache);
    if (cred == nullptr)
        return Err(Errno::NOMEM);
    cred->cap_permitted = cred->cap_effective = ALL_CAPABILITIES;
    cred->user = alloc_uid(0);
    if (cred->user == nullptr) {
        kmem_delete(cred_cache, cred);
        return Err(Errno::NOMEM);
    }
    return cred;
}

void put_cred(Cred& cred) {
    if (!cred.references.dec_and_test())
        return;
    kmem_delete(cred_cache, &cred);
}

Result<Cred*> prepare_creds() {
    auto* copy = kmem_new<Cred>(cred_cache, current_cred());
    if (copy == nullptr)
        return Err(Errno::NOMEM);
    return copy;
}

bool has_too_many_processes(const UserStruct& user) {
    return user.processes.load(std::memory_order_relaxed) > current_group().limits[RLIMIT_NPROC].soft;
}

Result<void> set_user(Cred& cred, u32 uid) {
    UserStruct* user = alloc_uid(uid);
    if (user == nullptr)
        return Err(Errno::AGAIN);
    cred.uid = uid;
    free_uid(*std::exchange(cred.user, user));
    return {};
}

void commit_creds(Cred& cred) {
    Task& task = *current();
    const Cred& old = *task.cred;
    const bool other = old.euid != cred.euid || old.egid != cred.egid || old.fsuid != cred.fsuid ||
                       old.fsgid != cred.fsgid || (cred.cap_permitted & ~old.cap_permitted) != 0;
    if (other) { // its memory may hold what the new user must not see: prctl(2), PR_SET_DUMPABLE
        task.group->dumpable = false;
        task.pdeath_signal = 0;
    }
    cred.user->processes.fetch_add(1, std::memory_order_relaxed);
    old.user->processes.fetch_sub(1, std::memory_order_relaxed);
    put_cred(*std::exchange(task.cred, &cred));
}

bool in_group_p(const Cred& cred, u32 gid) {
    bool found = gid == cred.fsgid;
    for (u32 i = 0; i < cred.group_count; ++i)
        found |= cred.groups[i] == gid;
    return found;
}

} // namespace faultline
