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

} // namespace

Result<SigQueue*> sigqueue_alloc(const SigInfo& info, const ThreadGroup& receiver) {
    // An interrupt handler cannot allocate memory. So when a timer's SIGCONT continues a stopped process, the parent
    // gets a SIGCHLD without siginfo.
    if (!needs_entry(info) || in_interrupt())
        return nullptr;
    // The limit applies to the queued signals of one user (getrlimit(2)). Here it is compared with those of all users.
    const bool allowed = sigqueue_cache.in_use() < receiver.limits[RLIMIT_SIGPENDING].soft || info.code >= 0;
    auto* entry = allowed ? kmem_new<SigQueue>(sigqueue_cache) : nullptr;
    if (entry != nullptr)
        entry->info = info;
    else if (info.signo >= SIGRTMIN && info.code < 0) // sigqueue(3) must deliver each one; kill() may merge them
        return Err(Errno::AGAIN);
    return entry;
}

u32 sigqueue_count(u32 uid) {
    const auto length = [](const SigPending& pending) {
        u32 count = 0;
        for (const SigQueue* at = pending.queue; at != nullptr; at = at->next)
            ++count;
        return count;
    };
    const SigLocked lock;
    u32 count = 0;
    for (const Task* task = next_task(1); task != nullptr; task = next_task(task->pid + 1)) {
        if (task->cred == nullptr || task->cred->uid != uid)
            continue;
        count += length(task->pending);
        if (task->group->leader == task)
            count += length(task->group->shared_pending);
    }
    return count;
}

void sigqueue_append(SigPending& pending, s32 sig, SigQueue* entry) {
    pending.set |= sigmask(sig);
    if (entry != nullptr) {
        entry->next = nullptr;
        entry->queued = true;
        (pending.queue == nullptr ? pending.queue : pending.last->next) = entry;
        pending.last = entry;
    }
    signalfd_notify();
}

void sigqueue_free(SigQueue* entry) {
    if (entry != nullptr && entry->timer != nullptr)
        entry->queued = false;
    else
        kmem_delete(sigqueue_cache, entry);
}

SigQueue* sigqueue_for_timer(PosixTimer& timer) {
    const bool allowed = sigqueue_cache.in_use() < timer.group->limits[RLIMIT_SIGPENDING].soft;
    auto* entry = allowed ? kmem_new<SigQueue>(sigqueue_cache) : nullptr;
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
    info.code = SI_KERNEL;
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
