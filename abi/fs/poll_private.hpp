// What poll(2) and select(2) share: the wait, the time-out and the signal mask.
#pragma once

#include <algorithm>
#include <atomic>

#include <linux/poll.h>

#include "abi/fs/poll.hpp"
#include "abi/fs/poll_table.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigprocmask.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/sched/wait.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

inline constexpr u32 READY_TO_READ = POLLIN | POLLRDNORM, READY_TO_WRITE = POLLOUT | POLLWRNORM;

// The places of one task in the queues of the files that it waits for. (Linux: struct poll_wqueues.)
class PollWaiter : public PollTable {
  public:
    PollWaiter();
    ~PollWaiter(); // leaves the queues. May sleep
    PollWaiter(const PollWaiter&) = delete;
    PollWaiter& operator=(const PollWaiter&) = delete;

    bool out_of_memory() const { return out_of_memory_; } // a queue is missing
    // Sleeps until a queue was woken, since construction or since the last sleep, or until the deadline or a signal.
    // False: the deadline has passed.
    bool sleep(u64 deadline_ns);

  private:
    struct Entry {
        WaitEntry wait;
        PollWaiter* waiter = nullptr;
        File* file = nullptr; // with a reference, which keeps the queue alive
        u32 events = 0;       // other events do not wake the task
    };
    template <u32 Count>
    struct Some {
        Entry entries[Count];
        u32 used = 0;
    };
    struct Chunk : Some<48> { // in memory from kmalloc
        Chunk* next = nullptr;
    };
    Entry* new_entry();
    static bool woken(WaitEntry& wait, u32 events);
    static void leave(Entry* entries, u32 count);

    Task* task_;
    std::atomic<bool> triggered_{false};
    bool out_of_memory_ = false;
    Some<6> first_; // most calls wait for few files
    Chunk* more_ = nullptr;
};

// An array of `count` objects from kmalloc, freed at the end of its scope. They are not constructed. data() is nullptr
// if there was no memory.
template <class T>
class Buffer {
  public:
    explicit Buffer(u32 count)
        : data_(static_cast<T*>(kmalloc(std::max<u32>(count, 1) * static_cast<u32>(sizeof(T))))) {}
    ~Buffer() { kfree(data_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    T* data() const { return data_; }
    T& operator[](u32 i) const { return data_[i]; }

  private:
    T* data_;
};

// Calls look(table), which returns how many files are ready, until that is not 0 or the deadline has passed. The first
// look queues the task: it passes `table` to poll_file(), the others pass nullptr. A deadline of 0 is one look.
// RESTARTNOHAND: a signal (after a handler these calls end with EINTR; a stop does not end them); NOMEM.
template <class Look>
Result<u32> poll_until(Look&& look, u64 deadline_ns) {
    if (deadline_ns == 0)
        return look(nullptr);
    PollWaiter waiter;
    for (u32 ready = look(&waiter);; ready = look(nullptr)) {
        if (ready != 0 || deadline_ns == 0)
            return ready;
        if (waiter.out_of_memory())
            return Err(Errno::NOMEM);
        if (signal_pending())
            return Err(Errno::RESTARTNOHAND);
        if (!waiter.sleep(deadline_ns))
            deadline_ns = 0; // look once more
    }
}

inline constexpr u32 STICKY_TIMEOUTS = 0x4000000; // linux/personality.h: the time span is not written
bool has_personality(u32 flag);                   // of current's process

// Ends select(2) or ppoll(2): stores what is left of the time span at `span`, so that a call that is made again after a
// stop waits no longer than was asked for. Where that cannot be stored, the call is not made again. `Field` and
// `units_per_second` as for deadline_from(), which made `deadline_ns`. (Linux: poll_select_finish.)
template <class Field>
Result<u32> finish_wait_for_files(Result<u32> result, UserAddr span, u32 units_per_second, u64 deadline_ns) {
    const bool again = !result.ok() && result.error() == Errno::RESTARTNOHAND;
    const auto as_it_is = [&] { return again ? Result<u32>(Err(Errno::INTR)) : result; };
    if (span == UserAddr() || deadline_ns == 0)
        return result;
    if (has_personality(STICKY_TIMEOUTS))
        return as_it_is();
    const u64 now = clock_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
    const Field field[2] = {static_cast<Field>(left / NSEC_PER_SEC),
                            static_cast<Field>(left % NSEC_PER_SEC / (NSEC_PER_SEC / units_per_second))};
    if (copy_to_user(span, field, sizeof field) != 0)
        return as_it_is();
    return result;
}

// A time span of the program as a deadline in nanoseconds; NO_DEADLINE for a null pointer, 0 for a span of zero.
// `Field` is the type of both its fields. INVAL, FAULT.
template <class Field>
Result<u64> deadline_from(UserAddr span, u32 units_per_second) {
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

// Calls body() with `mask` as current's signal mask, as pselect(2) and ppoll(2) do; a null `mask` leaves it unchanged.
// INVAL: `bytes` is not 8; FAULT; the errors of body(), of which INTR and RESTARTNOHAND mean a signal.
template <class Body>
Result<u32> with_sigmask(UserAddr mask, u32 bytes, Body&& body) {
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
    if (!result.ok() && (result.error() == Errno::INTR || result.error() == Errno::RESTARTNOHAND))
        task.restore_sigmask = true; // a handler still runs with the new mask; then the old one comes back
    else
        set_current_blocked(task.saved_blocked);
    return result;
}

} // namespace faultline
