// Queues signals, and takes them out of the queues. (Linux kernel/signal.c.)
#include "abi/signal/queue.hpp"

#include <arch/interrupts.hpp>
#include <linux/resource.h>

#include "abi/cred/cred.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/task/timers.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache sigqueue_cache{"sigqueue", sizeof(SigQueue), alignof(SigQueue)};

// A signal from the kernel carries nothing beyond its number and code, so it needs no queue entry. This lets a timer
// interrupt send it without allocating memory.
bool needs_entry(const SigInfo& info) { return info.code != SI_KERNEL; }

// An entry that counts with the task's user; nullptr: no memory, or it is more than the task's RLIMIT_SIGPENDING and that binds.
SigQueue* new_entry(const Task& task, bool override_rlimit) {
    UserStruct& user = *task.cred->user;
    const u32 count = user.sigpending.fetch_add(1, std::memory_order_relaxed) + 1;
    const bool allowed = override_rlimit || count <= task.group->limits[RLIMIT_SIGPENDING].soft;
    auto* entry = allowed ? kmem_new<SigQueue>(sigqueue_cache) : nullptr;
    if (entry == nullptr)
        user.sigpending.fetch_sub(1, std::memory_order_relaxed);
    else
        entry->user = &get_uid(user);
    return entry;
}

} // namespace

Result<SigQueue*> sigqueue_alloc(const SigInfo& info, const Task& receiver) {
    // An interrupt handler cannot allocate memory. So when a timer's SIGCONT continues a stopped process, the parent
    // gets a SIGCHLD without siginfo.
    if (!needs_entry(info) || in_interrupt())
        return nullptr;
    const bool real_time = info.signo >= SIGRTMIN;
    SigQueue* entry = new_entry(receiver, !real_time && info.code >= 0);
    if (entry != nullptr)
        entry->info = info;
    else if (real_time && info.code != SI_USER) // sigqueue(3) must deliver each one; kill(2) may lose the siginfo
        return Err(Errno::AGAIN);
    return entry;
}

void sigqueue_append(SigPending& pending, const SigInfo& info, SigQueue* entry) {
    const u64 mask = sigmask(info.signo);
    pending.set |= mask;
    if (entry == nullptr)
        pending.lost = needs_entry(info) ? pending.lost | mask : pending.lost & ~mask;
    if (entry != nullptr) {
        entry->next = nullptr;
        entry->queued = true;
        (pending.queue == nullptr ? pending.queue : pending.last->next) = entry;
        pending.last = entry;
    }
    signalfd_notify();
}

void sigqueue_free(SigQueue* entry) {
    if (entry == nullptr)
        return;
    if (entry->timer != nullptr) {
        entry->queued = false;
        return;
    }
    entry->user->sigpending.fetch_sub(1, std::memory_order_relaxed);
    free_uid(*entry->user);
    kmem_delete(sigqueue_cache, entry);
}

SigQueue* sigqueue_for_timer(PosixTimer& timer) {
    SigQueue* entry = new_entry(*current(), false);
    if (entry != nullptr)
        entry->timer = &timer;
    return entry;
}

void sigqueue_leave_timer(SigQueue& entry) {
    entry.timer = nullptr;
    if (!entry.queued)
        sigqueue_free(&entry);
}

SigInfo collect_signal(SigPending& pending, s32 sig) {
    SigInfo info;
    info.signo = sig;
    info.code = in_set(sig, pending.lost) ? SI_USER : SI_KERNEL;
    SigQueue* found = nullptr;
    SigQueue* before = nullptr;
    bool more = false;
    for (SigQueue** link = &pending.queue; *link != nullptr;) {
        if ((*link)->info.signo != sig) {
            before = *link;
            link = &before->next;
        } else if (found == nullptr) {
            found = *link;
            *link = found->next;
            if (pending.last == found)
                pending.last = before;
        } else {
            more = true;
            break;
        }
    }
    if (!more)
        pending.set &= ~sigmask(sig);
    if (found != nullptr) {
        info = found->info;
        PosixTimer* timer = found->timer;
        sigqueue_free(found);
        if (timer != nullptr)
            posix_timer_signal_taken(*timer, info);
    }
    return info;
}

void flush_sigqueue_mask(SigPending& pending, u64 set) {
    pending.set &= ~set;
    for (SigQueue** link = &pending.queue; *link != nullptr;) {
        SigQueue* entry = *link;
        if (in_set(entry->info.signo, set)) {
            *link = entry->next;
            sigqueue_free(entry);
        } else {
            pending.last = entry;
            link = &entry->next;
        }
    }
}

void flush_sigqueue(SigPending& pending) {
    SigLocked lock;
    flush_sigqueue_mask(pending, ~u64{0});
}

} // namespace faultline
