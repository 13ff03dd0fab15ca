// poll(2) and select(2): look at every file, and if none is ready sleep until some file changed, then look again.
#include "kernel/fs/poll.hpp"

#include <algorithm>

#include <linux/poll.h>

#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "kernel/fs/files_private.hpp"
#include "kernel/fs/syscalls.hpp"
#include "kernel/proc/signal.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit Late<WaitQueue> pollers;
constexpr u32 ALWAYS = POLLERR | POLLHUP | POLLNVAL; // reported whether asked for or not
constexpr u32 READY_TO_READ = POLLIN | POLLRDNORM, READY_TO_WRITE = POLLOUT | POLLWRNORM;

// `count` objects of kernel memory for a scope.
template <class T> class Buffer {
  public:
    explicit Buffer(u32 count) : data_(static_cast<T*>(kmalloc(std::max<u32>(count, 1) * static_cast<u32>(sizeof(T))))) {}
    ~Buffer() { kfree(data_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    T* data() const { return data_; }
    T& operator[](u32 i) const { return data_[i]; }

  private:
    T* data_;
};

// Calls look(), which says how many are ready, until some are or the deadline passed.
template <class Look> Result<u32> poll_until(Look&& look, u64 deadline_ns) {
    u32 ready = look();
    if (ready != 0 || deadline_ns == 0)
        return ready;
    const auto waited = wait_event_interruptible(*pollers, [&] { return (ready = look()) != 0; }, deadline_ns);
    if (!waited.ok() && waited.error() != Errno::TIMEDOUT)
        return Err(Errno::INTR); // never restarted: poll(2), signal(7)
    return ready;
}

u32 look_at(pollfd* entries, u32 count) {
    u32 ready = 0;
    for (u32 i = 0; i < count; ++i) {
        pollfd& entry = entries[i];
        entry.revents = 0;
        if (entry.fd < 0)
            continue;
        FileRef file(lookup_fd(*current()->files, entry.fd));
        const u32 events = file.get() == nullptr ? u32{POLLNVAL} : poll_file(*file);
        entry.revents = static_cast<short>(events & (static_cast<u16>(entry.events) | ALWAYS));
        ready += entry.revents != 0 ? 1 : 0;
    }
    return ready;
}

Result<u32> do_poll(UserAddr fds, u32 count, u64 deadline_ns) {
    if (count > OPEN_MAX)
        return Err(Errno::INVAL);
    const Buffer<pollfd> entries(count);
    if (entries.data() == nullptr)
        return Err(Errno::NOMEM);
    const u32 bytes = count * static_cast<u32>(sizeof(pollfd));
    TRY_VOID(copy_struct_from_user(entries.data(), fds, bytes));
    const u32 ready = TRY(poll_until([&] { return look_at(entries.data(), count); }, deadline_ns));
    TRY_VOID(copy_struct_to_user(fds, entries.data(), bytes));
    return ready;
}

// A time span of the program as a deadline; null: never. INVAL, FAULT.
template <class Field> Result<u64> deadline_from(UserAddr span, u32 units_per_second) {
    if (span == UserAddr())
        return NO_DEADLINE;
    Field field[2]; // seconds, and nano- or microseconds
    TRY_VOID(copy_struct_from_user(field, span, sizeof field));
    if (field[0] < 0 || field[1] < 0 || static_cast<u64>(field[1]) >= units_per_second)
        return Err(Errno::INVAL);
    if (field[0] == 0 && field[1] == 0)
        return u64{0};
    constexpr u64 seconds_max = NO_DEADLINE / NSEC_PER_SEC - 1;
    const u64 seconds = std::min(static_cast<u64>(field[0]), seconds_max);
    const u64 fraction_ns = static_cast<u64>(field[1]) * (NSEC_PER_SEC / units_per_second);
    return deadline_after(clock_ns(), seconds * NSEC_PER_SEC + fraction_ns);
}

// As pselect(2) and ppoll(2) want it: `mask`, if given, replaces current's signal mask while body() waits.
template <class Body> Result<u32> with_sigmask(UserAddr mask, u32 bytes, Body&& body) {
    if (mask == UserAddr())
        return body();
    if (bytes != sizeof(u64))
        return Err(Errno::INVAL);
    u64 blocked = 0;
    TRY_VOID(copy_struct_from_user(&blocked, mask, sizeof blocked));
    Task& task = *current();
    task.saved_blocked = task.blocked;
    set_current_blocked(blocked);
    const Result<u32> result = body();
    if (!result.ok() && result.error() == Errno::INTR)
        task.restore_sigmask = true; // after the handler, which must still run with the new mask
    else
        set_current_blocked(task.saved_blocked);
    return result;
}

template <class Field> Result<u32> do_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    const u64 deadline = TRY(deadline_from<Field>(timeout, NSEC_PER_SEC));
    return with_sigmask(mask, mask_bytes, [&] { return do_poll(fds, count, deadline); });
}

} // namespace

void init_poll() { pollers.emplace(); }
void poll_wake() { wake_up_all(*pollers); }
u32 poll_file(File& file) { return file.ops->poll != nullptr ? file.ops->poll(file) : READY_TO_READ | READY_TO_WRITE; }

Result<u32> sys_poll(UserAddr fds, u32 count, s32 timeout_ms) {
    u64 deadline = NO_DEADLINE;
    if (timeout_ms >= 0)
        deadline = timeout_ms == 0 ? 0 : clock_ns() + static_cast<u64>(timeout_ms) * 1'000'000;
    return do_poll(fds, count, deadline);
}

Result<u32> sys_ppoll(UserAddr fds, u32 count, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    return do_ppoll<s32>(fds, count, timeout, mask, mask_bytes);
}
Result<u32> sys_ppoll_time64(UserAddr fds, u32 count, UserAddr timeout, UserAddr mask, u32 mask_bytes) {
    return do_ppoll<s64>(fds, count, timeout, mask, mask_bytes);
}

Result<u32> sys_select(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeval) {
    if (static_cast<s32>(count) < 0)
        return Err(Errno::INVAL);
    count = std::min(count, OPEN_MAX);
    const u64 deadline = TRY(deadline_from<s32>(timeval, 1'000'000));
    struct Set {
        UserAddr user;
        u32 events;
        u32 asked[OPEN_MAX / 32] = {}, found[OPEN_MAX / 32] = {};
    };
    const u32 bytes = (count + 31) / 32 * 4;
    const Buffer<Set> memory(3);
    if (memory.data() == nullptr)
        return Err(Errno::NOMEM);
    new (&memory[0]) Set{read_set, READY_TO_READ | POLLHUP | POLLERR};
    new (&memory[1]) Set{write_set, READY_TO_WRITE | POLLERR};
    new (&memory[2]) Set{except_set, POLLPRI};
    const auto asked = [&](u32 set, u32 fd) { return (memory[set].asked[fd / 32] >> fd % 32 & 1) != 0; };
    for (u32 set = 0; set < 3; ++set)
        if (memory[set].user != UserAddr())
            TRY_VOID(copy_struct_from_user(memory[set].asked, memory[set].user, bytes));
    for (u32 fd = 0; fd < count; ++fd)
        if ((asked(0, fd) || asked(1, fd) || asked(2, fd)) &&
            FileRef(lookup_fd(*current()->files, static_cast<s32>(fd))).get() == nullptr)
            return Err(Errno::BADF);

    const auto look = [&] {
        u32 ready = 0;
        for (u32 fd = 0; fd < count; ++fd) {
            if (!asked(0, fd) && !asked(1, fd) && !asked(2, fd))
                continue;
            FileRef file(lookup_fd(*current()->files, static_cast<s32>(fd)));
            const u32 events = file.get() != nullptr ? poll_file(*file) : 0;
            for (u32 set = 0; set < 3; ++set) {
                const u32 hit = asked(set, fd) && (events & memory[set].events) != 0 ? 1 : 0;
                memory[set].found[fd / 32] = (memory[set].found[fd / 32] & ~(1u << fd % 32)) | hit << fd % 32;
                ready += hit;
            }
        }
        return ready;
    };
    const u32 ready = TRY(poll_until(look, deadline));
    for (u32 set = 0; set < 3; ++set)
        if (memory[set].user != UserAddr())
            TRY_VOID(copy_struct_to_user(memory[set].user, memory[set].found, bytes));
    return ready;
}

} // namespace faultline
