// futex_waitv(2): waiting for any of up to 128 futexes. (Linux 6.1 kernel/futex/syscalls.c, waitwake.c.)
#include <new>
#include <span>

#include <linux/futex.h>

#include "arch/contract/uaccess.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/syscalls.hpp"
#include "kernel/futex/wait.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

// struct futex_waitv of linux/futex.h.
struct WaitvEntry {
    u64 value;   // only the lower half counts
    u64 address; // the same
    u32 flags;
    u32 reserved;
};
static_assert(sizeof(WaitvEntry) == 24);

constexpr u32 KNOWN_FLAGS = FUTEX_32 | FUTEX_PRIVATE_FLAG;

struct Waiter {
    UserAddr address;
    u32 value = 0;
    FutexScope scope = FutexScope::Shared;
    FutexQ q;
};
using Waiters = std::span<Waiter>;

// Memory for the waiters, which are too large for a kernel stack.
class WaiterBlock {
  public:
    explicit WaiterBlock(u32 count) : pages_(alloc_pages(order_for(count))) {
        if (!pages_)
            return;
        auto* first = static_cast<Waiter*>(page_address(*pages_));
        for (u32 i = 0; i < count; ++i)
            new (first + i) Waiter;
        waiters_ = {first, count};
    }

    Waiters waiters() const { return waiters_; } // empty if there is no memory

  private:
    static u32 order_for(u32 count) {
        u32 order = 0;
        while ((PAGE_SIZE << order) < count * sizeof(Waiter))
            ++order;
        return order;
    }

    PageRef pages_;
    Waiters waiters_;
};

// Reads the array at `from`. FAULT: it cannot be read. INVAL: unknown flags, or a size other than 32 bits.
Result<void> futex_parse_waitv(Waiters waiters, UserAddr from) {
    for (Waiter& waiter : waiters) {
        WaitvEntry entry;
        TRY_VOID(copy_struct_from_user(&entry, from, sizeof entry));
        if ((entry.flags & ~KNOWN_FLAGS) != 0 || entry.reserved != 0 || (entry.flags & FUTEX_32) == 0)
            return Err(Errno::INVAL);
        waiter.address = UserAddr(static_cast<u32>(entry.address));
        waiter.value = static_cast<u32>(entry.value);
        waiter.scope = (entry.flags & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared;
        from = from + sizeof entry;
    }
    return {};
}

constexpr s32 NOBODY = -1;

// Takes all waiters out. Returns the index of the last one that had been woken, or NOBODY.
s32 unqueue_multiple(Waiters waiters) {
    s32 woken = NOBODY;
    for (std::size_t i = 0; i < waiters.size(); ++i)
        if (!futex_unqueue(waiters[i].q))
            woken = static_cast<s32>(i);
    return woken;
}

bool all_queued(Waiters waiters) {
    for (const Waiter& waiter : waiters)
        if (waiter.q.bucket.load(std::memory_order_acquire) == nullptr)
            return false;
    return true;
}

// Queues all waiters, or none. If not all could be queued and one had been woken already, returns its index; otherwise
// NOBODY. After FAULT, `fault` is the waiter whose word must be made accessible.
Result<s32> queue_all(Waiters waiters, const Waiter*& fault) {
    for (Waiter& waiter : waiters)
        TRY_VOID(get_futex_key(waiter.address, waiter.scope, FutexAccess::Read, waiter.q.key));
    // Once for all words: a wake-up may come as soon as the first waiter is queued.
    current()->state = TaskState::Interruptible;
    for (std::size_t i = 0; i < waiters.size(); ++i) {
        const auto queued = queue_if_equal(waiters[i].address, waiters[i].value, waiters[i].q);
        if (queued.ok())
            continue;
        current()->state = TaskState::Running;
        if (const s32 woken = unqueue_multiple(waiters.first(i)); woken != NOBODY)
            return woken;
        if (queued.error() == Errno::FAULT)
            fault = &waiters[i];
        return Err(queued.error());
    }
    return NOBODY;
}

// (Linux: futex_wait_multiple_setup.)
Result<s32> wait_multiple_setup(Waiters waiters) {
    while (true) {
        const Waiter* fault = nullptr;
        const auto queued = queue_all(waiters, fault);
        if (queued.ok() || fault == nullptr)
            return queued;
        TRY(get_user_u32(fault->address));
        cond_resched();
    }
}

// (Linux: futex_wait_multiple.)
CountResult wait_multiple(Waiters waiters, Deadline deadline) {
    while (true) {
        s32 woken = TRY(wait_multiple_setup(waiters));
        if (woken != NOBODY)
            return static_cast<u32>(woken);
        bool in_time = true;
        if (all_queued(waiters))
            in_time = schedule_until(deadline);
        current()->state = TaskState::Running;
        woken = unqueue_multiple(waiters);
        if (woken != NOBODY)
            return static_cast<u32>(woken);
        if (!in_time)
            return Err(Errno::TIMEDOUT);
        if (signal_pending())
            return Err(Errno::RESTARTSYS);
    }
}

Result<Deadline> waitv_deadline(UserAddr timeout, s32 clock) {
    if (timeout.value() == 0)
        return Deadline();
    constexpr s32 REALTIME = 0, MONOTONIC = 1; // of linux/time.h, which conflicts with a C library's <ctime>
    if (clock != REALTIME && clock != MONOTONIC)
        return Err(Errno::INVAL);
    return Deadline(TRY(get_timespec64(timeout)), clock == REALTIME ? ClockBase::Realtime : ClockBase::Monotonic);
}

} // namespace

CountResult sys_futex_waitv(UserAddr waiters, u32 count, u32 flags, UserAddr timeout, s32 clock) {
    if (flags != 0 || count == 0 || count > FUTEX_WAITV_MAX || waiters.value() == 0)
        return Err(Errno::INVAL);
    const Deadline deadline = TRY(waitv_deadline(timeout, clock));
    const WaiterBlock block(count);
    if (block.waiters().empty())
        return Err(Errno::NOMEM);
    TRY_VOID(futex_parse_waitv(block.waiters(), waiters));
    return wait_multiple(block.waiters(), deadline);
}

} // namespace faultline
