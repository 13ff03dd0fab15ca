// epoll_wait(2): hands the program the items that are ready.
#include <algorithm>
#include <climits>

#include "abi/fs/eventpoll.hpp"
#include "abi/fs/eventpoll_private.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/poll_private.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/fault.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 EVENT_BYTES = sizeof(epoll_event);
static_assert(EVENT_BYTES == 16); // the ARM EABI aligns `data`
constexpr u32 RESCHED_EVERY = 64; // events

// Takes the first item out of the list that this scan has not looked at. nullptr: there is none. Items that this scan,
// or a later one, has put back are behind all others.
EpItem* next_ready(EventPoll& instance, u64 scan) {
    IrqLocked lock(instance.lock);
    if (instance.ready.empty() || instance.ready.front().scan >= scan)
        return nullptr;
    EpItem& item = instance.ready.front();
    instance.ready.pop_front();
    item.ready = false;
    item.scan = scan;
    return &item;
}

// Writes one event without a sleep. False: the program's page is not there.
bool put_at_once(UserAddr to, const epoll_event& event) {
    const PagefaultDisabled no_faults;
    return copy_to_user(to, &event, EVENT_BYTES) == 0;
}

// After an item was reported: EPOLLONESHOT switches it off, and without EPOLLET it stays in the list, at the end, until
// a look finds nothing.
void reported(EpItem& item) {
    IrqLocked lock(item.instance->lock);
    if ((item.events & EPOLLONESHOT) != 0)
        item.events &= EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
    else if ((item.events & EPOLLET) == 0)
        ep_make_ready(item, Place::Back);
}

void put_back(EpItem& item) {
    IrqLocked lock(item.instance->lock);
    item.scan = 0;
    ep_make_ready(item, Place::Front);
}

// Writes at most `most` events. Returns how many; FAULT: none, as the first could not be written. An item is out of the
// list while it is looked at, so that no wake-up gets lost; and no item is touched after a sleep.
Result<u32> send_events(EventPoll& instance, UserAddr to, u32 most) {
    const u64 scan = ++instance.scans;
    u32 sent = 0;
    bool fault = false;
    while (sent < most && !fault) {
        EpItem* item = next_ready(instance, scan);
        if (item == nullptr)
            break;
        const u32 events = ep_item_poll(*item, nullptr);
        if (events == 0)
            continue;
        const epoll_event event{events, item->data};
        const UserAddr place = to + sent * EVENT_BYTES;
        if (put_at_once(place, event)) {
            reported(*item);
            if (++sent % RESCHED_EVERY == 0)
                cond_resched();
        } else {
            put_back(*item);
            fault = copy_to_user(place, &event, EVENT_BYTES) != 0; // now the page is there, for another try
        }
    }
    if (ep_has_ready(instance))
        wake_up_one(instance.waiters); // the rest, or what stays ready, is for another waiter
    if (fault && sent == 0)
        return Err(Errno::FAULT);
    return sent;
}

Result<u32> wait_for_events(EventPoll& instance, UserAddr to, u32 most, u64 deadline_ns) {
    for (;;) {
        if (ep_has_ready(instance))
            if (const u32 sent = TRY(send_events(instance, to, most)); sent != 0)
                return sent;
        if (deadline_ns == 0)
            return 0u;
        // A waiter that was woken has looked by now, so no wake-up is lost with it.
        if (signal_pending())
            return Err(Errno::INTR); // never restarted: signal(7)
        WaitEntry entry;
        prepare_to_wait(instance.waiters, entry, TaskState::Interruptible);
        const bool in_time = ep_has_ready(instance) || schedule_until(deadline_ns);
        finish_wait(entry);
        if (!in_time)
            deadline_ns = 0; // look once more
    }
}

Result<u32> do_epoll_wait(s32 epfd, UserAddr events, s32 most, u64 deadline_ns) {
    if (most <= 0 || static_cast<u32>(most) > INT_MAX / EVENT_BYTES)
        return Err(Errno::INVAL);
    if (!access_ok(events, static_cast<u32>(most) * EVENT_BYTES))
        return Err(Errno::FAULT);
    const FileRef file = TRY(fget_ref(epfd));
    EventPoll* instance = instance_of(*file);
    if (instance == nullptr)
        return Err(Errno::INVAL);
    return wait_for_events(*instance, events, static_cast<u32>(most), deadline_ns);
}

u64 deadline_of(s32 timeout_ms) {
    if (timeout_ms <= 0)
        return timeout_ms == 0 ? 0 : NO_DEADLINE;
    return clock_ns() + static_cast<u64>(timeout_ms) * 1'000'000;
}

} // namespace

Result<u32> sys_epoll_wait(s32 epfd, UserAddr events, s32 most, s32 timeout_ms) {
    return do_epoll_wait(epfd, events, most, deadline_of(timeout_ms));
}

Result<u32> sys_epoll_pwait(s32 epfd, UserAddr events, s32 most, s32 timeout_ms, UserAddr mask, u32 mask_bytes) {
    return with_sigmask(mask, mask_bytes, [&] { return do_epoll_wait(epfd, events, most, deadline_of(timeout_ms)); });
}

Result<u32> sys_epoll_pwait2(s32 epfd, UserAddr events, s32 most, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    const u64 deadline = TRY(deadline_from<s64>(timeout, NSEC_PER_SEC));
    return with_sigmask(mask, mask_bytes, [&] { return do_epoll_wait(epfd, events, most, deadline); });
}

} // namespace faultline
