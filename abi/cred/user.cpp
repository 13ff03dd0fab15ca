// The users there are, and what each of them pays for.
#include "abi/cred/user.hpp"

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "base/irq_spinlock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 KERNEL_MEMORY_SHARE = 4; // of so many equal parts of memory, one

constinit KmemCache user_cache("uid", sizeof(UserStruct), alignof(UserStruct));
// A queued signal gives its user back with siglock held, which interrupt handlers take.
constinit IrqSpinLock users_lock("users");
constinit UserStruct* users GUARDED_BY(users_lock) = nullptr;

// A user that is on its way out cannot be had any more, and another of the same id takes its place. Its counts are zero by
// then: who counts has a reference.
UserStruct* find_uid(u32 uid) REQUIRES(users_lock) {
    for (UserStruct* user = users; user != nullptr; user = user->next)
        if (user->uid == uid && user->references.inc_not_zero())
            return user;
    return nullptr;
}

} // namespace

UserStruct* alloc_uid(u32 uid) {
    {
        const Guard guard(users_lock);
        if (UserStruct* found = find_uid(uid))
            return found;
    }
    auto* made = kmem_new<UserStruct>(user_cache);
    if (made == nullptr)
        return nullptr;
    made->uid = uid;
    UserStruct* found = nullptr;
    {
        const Guard guard(users_lock);
        found = find_uid(uid); // another CPU may have been faster
        if (found == nullptr)
            made->next = std::exchange(users, made);
    }
    if (found == nullptr)
        return made;
    kmem_delete(user_cache, made);
    return found;
}

void free_uid(UserStruct& user) {
    if (!user.references.dec_and_test())
        return;
    {
        const Guard guard(users_lock);
        UserStruct** at = &users;
        while (*at != &user)
            at = &(*at)->next;
        *at = user.next;
    }
    kmem_delete(user_cache, &user);
}

u32 user_kernel_memory_max() { return nr_total_pages() / KERNEL_MEMORY_SHARE * PAGE_SIZE; }

UserCharge::~UserCharge() {
    give_back(bytes_);
    if (user_ != nullptr)
        free_uid(*user_);
}

bool UserCharge::take(u32 bytes) {
    const u32 most = user_kernel_memory_max();
    const Cred* cred = current()->cred; // nullptr: a kernel task
    if (cred == nullptr || !is_unprivileged_user())
        return true;
    if (user_ == nullptr)
        user_ = &get_uid(*cred->user);
    u32 now = user_->kernel_memory.load(std::memory_order_relaxed);
    do {
        if (bytes > most || now > most - bytes)
            return false;
    } while (!user_->kernel_memory.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    bytes_ += bytes;
    return true;
}

void UserCharge::give_back(u32 bytes) {
    const u32 counted = std::min(bytes, bytes_);
    if (counted != 0)
        user_->kernel_memory.fetch_sub(counted, std::memory_order_relaxed);
    bytes_ -= counted;
}

} // namespace faultline
