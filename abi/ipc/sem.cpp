// semget and semop. A list of operations that cannot be done yet waits in its set. The call that makes it possible
// carries it out, so no other task can take the value before the sleeper runs. (Linux ipc/sem.c: perform_atomic_semop,
// update_queue, do_semtimedop.)
#include "abi/ipc/sem.hpp"

#include <linux/ipc.h>

#include <algorithm>

#include "abi/arguments/timespec.hpp"
#include "abi/ipc/ipc.hpp"
#include "abi/ipc/limits.hpp"
#include "abi/ipc/sem_set.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

constinit IpcIds sem_ids(ipc_limits.semmni);

namespace {

constinit Late<RwSemaphore> lock;
constinit u32 used_sems = 0; // of all sets; sem_lock() guards it (Linux: the same name)
constinit KmemCache set_cache("sem_set", sizeof(SemSet), alignof(SemSet));

Result<s32> new_set(s32 key, s32 count, u32 flags) {
    if (count == 0)
        return Err(Errno::INVAL);
    if (used_sems + static_cast<u32>(count) > ipc_limits.semmns)
        return Err(Errno::NOSPC);
    const u32 bytes = static_cast<u32>(count) * sizeof(Semaphore);
    UserCharge charge;
    if (!charge.take(bytes))
        return Err(Errno::NOMEM);
    auto* set = kmem_new<SemSet>(set_cache);
    auto* semaphores = static_cast<Semaphore*>(kmalloc(bytes));
    const Result<s32> id = set == nullptr || semaphores == nullptr ? Err(Errno::NOMEM) : sem_ids.add(*set, key, flags);
    if (!id.ok()) {
        kfree(semaphores);
        kmem_delete(set_cache, set);
        return id;
    }
    std::fill_n(semaphores, count, Semaphore{});
    used_sems += static_cast<u32>(count);
    set->charge = std::move(charge);
    set->semaphores = semaphores;
    set->count = static_cast<u32>(count);
    set->ctime = ipc_now();
    return id;
}

// Performs one operation. AGAIN: it has to wait; RANGE: a value or an adjustment would leave its range.
Result<void> perform_one(Semaphore& semaphore, s16* adjustment, const sembuf& operation) {
    if (operation.sem_op == 0 && semaphore.value != 0)
        return Err(Errno::AGAIN);
    const s32 value = semaphore.value + operation.sem_op;
    if (value < 0)
        return Err(Errno::AGAIN);
    if (value > SEMVMX)
        return Err(Errno::RANGE);
    if ((operation.sem_flg & SEM_UNDO) != 0) {
        const s32 undo = *adjustment - operation.sem_op;
        if (undo < -SEMAEM - 1 || undo > SEMAEM)
            return Err(Errno::RANGE);
        *adjustment = static_cast<s16>(undo);
    }
    semaphore.value = value;
    return {};
}

} // namespace

Result<void> perform_atomic_semop(SemSet& set, SemWaiter& waiter) {
    const auto operations = waiter.operations;
    const auto adjustment = [&](u16 number) {
        return waiter.undo != nullptr ? &waiter.undo->adjustments[number] : nullptr;
    };
    for (u32 i = 0; i < operations.size(); ++i) {
        const sembuf& operation = operations[i];
        const auto one = perform_one(set.semaphores[operation.sem_num], adjustment(operation.sem_num), operation);
        if (one.ok())
            continue;
        waiter.blocking = &operation;
        while (i-- > 0) {
            const sembuf& done = operations[i];
            set.semaphores[done.sem_num].value -= done.sem_op;
            if ((done.sem_flg & SEM_UNDO) != 0)
                *adjustment(done.sem_num) = static_cast<s16>(*adjustment(done.sem_num) + done.sem_op);
        }
        return one;
    }
    for (const sembuf& operation : operations)
        set.semaphores[operation.sem_num].pid = waiter.pid;
    set.otime = ipc_now();
    return {};
}

void complete_waiter(SemSet& set, SemWaiter& waiter, Errno result) {
    set.waiters.erase(set.waiters.iterator_to(waiter));
    waiter.done = true;
    waiter.result = result;
    wake_up_all(waiter.wake);
}

namespace {

bool alters(std::span<const sembuf> operations) {
    return std::any_of(operations.begin(), operations.end(), [](const sembuf& o) { return o.sem_op != 0; });
}

// Whether the operation that stopped the list may be waited for.
bool has_to_wait(const SemWaiter& waiter, Errno error) {
    return error == Errno::AGAIN && (waiter.blocking->sem_flg & IPC_NOWAIT) == 0;
}

} // namespace

void update_queue(SemSet& set) {
    for (auto at = set.waiters.begin(); at != set.waiters.end();) {
        SemWaiter& waiter = *at++;
        const auto performed = perform_atomic_semop(set, waiter);
        if (!performed.ok() && has_to_wait(waiter, performed.error()))
            continue;
        const bool altered = performed.ok() && alters(waiter.operations);
        complete_waiter(set, waiter, performed.error());
        if (altered)
            at = set.waiters.begin(); // older waiters may be possible now
    }
}

void free_set(SemSet& set) {
    used_sems -= set.count;
    kfree(set.semaphores);
    kmem_delete(set_cache, &set);
}

void init_sem() { lock.emplace("semaphores"); }
RwSemaphore& sem_lock() { return *lock; }

Result<s32> sys_semget(s32 key, s32 count, u32 flags) {
    if (count < 0 || static_cast<u32>(count) > ipc_limits.semmsl)
        return Err(Errno::INVAL);
    WriteGuard guard(sem_lock());
    return ipcget(
        sem_ids, key, flags, [&] { return new_set(key, count, flags); },
        [&](const IpcPerm& found) -> Result<void> {
            if (static_cast<u32>(count) > static_cast<const SemSet&>(found).count)
                return Err(Errno::INVAL);
            return {};
        });
}

namespace {

// Checks the operations before any is tried. INVAL: no such set; FBIG: no such semaphore; ACCES.
Result<SemSet*> check_operations(s32 id, std::span<const sembuf> operations) {
    auto* set = TRY(ipc_obtain<SemSet>(sem_ids, id));
    for (const sembuf& operation : operations)
        if (operation.sem_num >= set->count)
            return Err(Errno::FBIG);
    if (!ipcperms(*set, alters(operations) ? IPC_WRITE_ACCESS : IPC_READ_ACCESS))
        return Err(Errno::ACCES);
    return set;
}

// Tries to perform the list at once. True: done; false: the waiter waits in the set.
Result<bool> begin_semop(s32 id, SemWaiter& waiter) {
    WriteGuard guard(sem_lock());
    SemSet& set = *TRY(check_operations(id, waiter.operations));
    if (std::any_of(waiter.operations.begin(), waiter.operations.end(),
                    [](const sembuf& o) { return (o.sem_flg & SEM_UNDO) != 0; }))
        waiter.undo = TRY(find_alloc_undo(set));
    const auto performed = perform_atomic_semop(set, waiter);
    if (performed.ok()) {
        if (alters(waiter.operations))
            update_queue(set);
        return true;
    }
    if (!has_to_wait(waiter, performed.error()))
        return Err(performed.error());
    set.waiters.push_back(waiter);
    return false;
}

// A signal handler does not restart the call, whatever SA_RESTART says (signal(7)).
Result<u32> do_semtimedop(s32 id, std::span<const sembuf> operations, u64 deadline_ns) {
    SemWaiter waiter;
    waiter.operations = operations;
    waiter.pid = current_group().pid;
    if (TRY(begin_semop(id, waiter)))
        return 0u;
    const auto waited = wait_event_interruptible(waiter.wake, [&] { return waiter.done; }, deadline_ns);
    WriteGuard guard(sem_lock());
    if (waiter.done) // it may have been done after the wait ended
        return waiter.result == Errno{} ? Result<u32>(0u) : Result<u32>(Err(waiter.result));
    // The set exists: its removal would have completed the waiter.
    auto& set = *static_cast<SemSet*>(sem_ids.find(id));
    set.waiters.erase(set.waiters.iterator_to(waiter));
    return Err(waited.error() == Errno::TIMEDOUT ? Errno::AGAIN : Errno::INTR);
}

Result<u32> semop_until(s32 id, UserAddr operations, u32 count, u64 deadline_ns) {
    if (count == 0 || id < 0)
        return Err(Errno::INVAL);
    if (count > ipc_limits.semopm)
        return Err(Errno::TOOBIG);
    const u32 bytes = count * u32{sizeof(sembuf)};
    constexpr u32 FEW = 16;
    sembuf few[FEW];
    auto* copy = count <= FEW ? few : static_cast<sembuf*>(kmalloc(bytes));
    if (copy == nullptr)
        return Err(Errno::NOMEM);
    const auto copied = copy_struct_from_user(copy, operations, bytes);
    const Result<u32> result =
        copied.ok() ? do_semtimedop(id, {copy, count}, deadline_ns) : Result<u32>(Err(copied.error()));
    if (copy != few)
        kfree(copy);
    return result;
}

template <class Timespec>
Result<u32> semtimedop(s32 id, UserAddr operations, u32 count, UserAddr timeout) {
    u64 deadline = NO_DEADLINE;
    if (timeout.value() != 0)
        deadline = deadline_after(clock_ns(), TRY(get_timespec<Timespec>(timeout)));
    return semop_until(id, operations, count, deadline);
}

} // namespace

Result<u32> sys_semop(s32 id, UserAddr operations, u32 count) {
    return semop_until(id, operations, count, NO_DEADLINE);
}
Result<u32> sys_semtimedop(s32 id, UserAddr operations, u32 count, UserAddr timeout) {
    return semtimedop<Timespec32>(id, operations, count, timeout);
}
Result<u32> sys_semtimedop_time64(s32 id, UserAddr operations, u32 count, UserAddr timeout) {
    return semtimedop<Timespec64>(id, operations, count, timeout);
}

} // namespace faultline
