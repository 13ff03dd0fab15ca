// The counters of eventfd(2). (Linux fs/eventfd.c.)
#include "abi/fs/eventfd.hpp"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include <utility>

#include "abi/fs/anon_inode.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/fs/seq_file.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

// sys/eventfd.h. Linux has a header of its own for them only since 6.6.
constexpr u32 EFD_SEMAPHORE = 1, EFD_CLOEXEC = O_CLOEXEC, EFD_NONBLOCK = O_NONBLOCK;

constexpr u64 MOST = ~u64{0} - 1; // the counter's largest value

// The kernel lock guards all of it: nothing sleeps between a look at the counter and its change.
struct EventFd {
    u64 count = 0;
    bool semaphore = false; // a read takes 1, not all
    u32 id = 0;             // for /proc/PID/fdinfo
    WaitQueue readers, writers;
};
constinit KmemCache cache{"eventfd", sizeof(EventFd), alignof(EventFd)};

EventFd& eventfd_of(const File& file) { return *static_cast<EventFd*>(file.private_data); }
bool nonblock(const File& file) { return (file.flags & O_NONBLOCK) != 0; }

Result<u32> eventfd_read(File& file, UserAddr buffer, u32 bytes, u64&) {
    EventFd& event = eventfd_of(file);
    if (bytes < sizeof(u64))
        return Err(Errno::INVAL);
    if (event.count == 0 && nonblock(file))
        return Err(Errno::AGAIN);
    TRY_VOID(wait_event_interruptible(event.readers, [&] { return event.count != 0; }));
    const u64 taken = event.semaphore ? 1 : event.count;
    event.count -= taken;
    wake_up_poll(event.writers, POLLOUT);
    TRY_VOID(copy_struct_to_user(buffer, &taken, sizeof taken));
    return u32{sizeof taken};
}

Result<u32> eventfd_write(File& file, UserAddr buffer, u32 bytes, u64&) {
    EventFd& event = eventfd_of(file);
    u64 more = 0;
    if (bytes < sizeof more)
        return Err(Errno::INVAL);
    TRY_VOID(copy_struct_from_user(&more, buffer, sizeof more));
    if (more > MOST)
        return Err(Errno::INVAL);
    const auto fits = [&] { return more <= MOST - event.count; };
    if (!fits() && nonblock(file))
        return Err(Errno::AGAIN);
    TRY_VOID(wait_event_interruptible(event.writers, fits));
    event.count += more;
    wake_up_poll(event.readers, POLLIN); // also for 0: who waits for an edge sees one
    return u32{sizeof more};
}

u32 eventfd_poll(File& file, PollTable* table) {
    EventFd& event = eventfd_of(file);
    poll_wait(file, event.readers, table);
    poll_wait(file, event.writers, table);
    return (event.count != 0 ? POLLIN : 0) | (event.count < MOST ? POLLOUT : 0);
}

void eventfd_show_fdinfo(const File& file, SeqFile& out) {
    const EventFd& event = eventfd_of(file);
    out.printf("eventfd-count: %16llx\neventfd-id: %u\n", static_cast<unsigned long long>(event.count),
               static_cast<unsigned>(event.id));
}

constexpr FileOps eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = [](File& file) { kmem_delete(cache, &eventfd_of(file)); },
    .show_fdinfo = eventfd_show_fdinfo,
    .noop_seek = true,
};

} // namespace

Result<s32> sys_eventfd2(u32 initial, u32 flags) {
    if ((flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) != 0)
        return Err(Errno::INVAL);
    auto* event = kmem_new<EventFd>(cache);
    if (event == nullptr)
        return Err(Errno::NOMEM);
    static constinit u32 next_id = 0;
    event->id = next_id++;
    event->count = initial;
    event->semaphore = (flags & EFD_SEMAPHORE) != 0;
    auto file = anon_inode_getfile("anon_inode:[eventfd]", eventfd_ops, event, O_RDWR | (flags & EFD_NONBLOCK));
    if (!file) {
        kmem_delete(cache, event);
        return Err(file.error());
    }
    return fd_install(std::move(file.value()), (flags & EFD_CLOEXEC) != 0);
}

Result<s32> sys_eventfd(u32 initial) { return sys_eventfd2(initial, 0); }

} // namespace faultline
