// semctl(2). (Linux ipc/sem.c: semctl_main, semctl_setval, semctl_stat, semctl_down.)
#include <linux/ipc.h>

#include <algorithm>

#include "abi/ipc/ipc.hpp"
#include "abi/ipc/limits.hpp"
#include "abi/ipc/sem_set.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

namespace {

Result<s32> put_info(s32 command, UserAddr buffer) {
    seminfo info = {};
    info.semmni = static_cast<s32>(ipc_limits.semmni);
    info.semmns = static_cast<s32>(ipc_limits.semmns);
    info.semmsl = static_cast<s32>(ipc_limits.semmsl);
    info.semopm = static_cast<s32>(ipc_limits.semopm);
    info.semvmx = SEMVMX;
    info.semmnu = SEMMNU;
    info.semmap = SEMMAP;
    info.semume = SEMUME;
    info.semusz = SEMUSZ;
    info.semaem = SEMAEM;
    if (command == SEM_INFO) {
        info.semusz = static_cast<s32>(sem_ids.in_use());
        info.semaem = 0;
        for (s32 i = 0; i <= sem_ids.highest_index(); ++i)
            if (const auto* set = static_cast<const SemSet*>(sem_ids.at_index(i)); set != nullptr)
                info.semaem += static_cast<s32>(set->count);
    }
    TRY_VOID(copy_struct_to_user(buffer, &info, sizeof info));
    return sem_ids.highest_index();
}

Result<s32> put_status(s32 id, IpcStat stat, UserAddr buffer) {
    const auto* set = TRY(ipc_obtain_stat<SemSet>(sem_ids, id, stat));
    semid64_ds status = {};
    status.sem_perm = ipc_perm_to_user(*set);
    ipc_put_time(status.sem_otime, status.sem_otime_high, set->otime);
    ipc_put_time(status.sem_ctime, status.sem_ctime_high, set->ctime);
    status.sem_nsems = set->count;
    TRY_VOID(copy_struct_to_user(buffer, &status, sizeof status));
    return ipc_stat_result(*set, stat);
}

Result<s32> set_owner(s32 id, UserAddr buffer) {
    semid64_ds wanted;
    TRY_VOID(copy_struct_from_user(&wanted, buffer, sizeof wanted));
    auto* set = TRY(ipc_obtain_control<SemSet>(sem_ids, id));
    ipc_update_perm(*set, wanted.sem_perm);
    set->ctime = ipc_now();
    return 0;
}

// Removes a set; its sleepers fail with IDRM.
Result<s32> remove(s32 id) {
    auto* set = TRY(ipc_obtain_control<SemSet>(sem_ids, id));
    free_undos(*set);
    while (!set->waiters.empty())
        complete_waiter(*set, set->waiters.front(), Errno::IDRM);
    sem_ids.remove(*set);
    free_set(*set);
    return 0;
}

// A buffer for the values of all semaphores of a set, on their way from or to the program.
class ValueBuffer {
  public:
    static Result<ValueBuffer> of(u32 count) {
        auto* values = static_cast<u16*>(kmalloc(count * u32{sizeof(u16)}));
        if (values == nullptr)
            return Err(Errno::NOMEM);
        return ValueBuffer(values, count);
    }
    ValueBuffer() = default;
    ValueBuffer(ValueBuffer&& other) noexcept : values_(std::exchange(other.values_, nullptr)), count_(other.count_) {}
    ~ValueBuffer() { kfree(values_); }
    u16* begin() const { return values_; }
    u16* end() const { return values_ + count_; }
    u32 bytes() const { return count_ * u32{sizeof(u16)}; }

  private:
    ValueBuffer(u16* values, u32 count) : values_(values), count_(count) {}
    u16* values_ = nullptr;
    u32 count_ = 0;
};

Result<s32> get_all(s32 id, UserAddr array) {
    const auto* set = TRY(ipc_obtain<SemSet>(sem_ids, id, IPC_READ_ACCESS));
    const ValueBuffer values = TRY(ValueBuffer::of(set->count));
    std::transform(set->semaphores, set->semaphores + set->count, values.begin(),
                   [](const Semaphore& semaphore) { return static_cast<u16>(semaphore.value); });
    TRY_VOID(copy_struct_to_user(array, values.begin(), values.bytes()));
    return 0;
}

void set_value(SemSet& set, u32 number, u32 value) {
    set.semaphores[number] = {static_cast<s32>(value), current_group().pid};
    forget_adjustments(set, number);
}

Result<s32> set_all(s32 id, UserAddr array) {
    auto* set = TRY(ipc_obtain<SemSet>(sem_ids, id, IPC_WRITE_ACCESS));
    const ValueBuffer values = TRY(ValueBuffer::of(set->count));
    TRY_VOID(copy_struct_from_user(values.begin(), array, values.bytes()));
    if (std::any_of(values.begin(), values.end(), [](u16 value) { return value > SEMVMX; }))
        return Err(Errno::RANGE);
    for (u32 i = 0; i < set->count; ++i)
        set_value(*set, i, values.begin()[i]);
    set->ctime = ipc_now();
    update_queue(*set);
    return 0;
}

Result<s32> set_one(s32 id, s32 number, s32 value) {
    if (value < 0 || value > SEMVMX)
        return Err(Errno::RANGE);
    auto* set = TRY(ipc_obtain<SemSet>(sem_ids, id));
    if (number < 0 || static_cast<u32>(number) >= set->count)
        return Err(Errno::INVAL);
    if (!ipcperms(*set, IPC_WRITE_ACCESS))
        return Err(Errno::ACCES);
    set_value(*set, static_cast<u32>(number), static_cast<u32>(value));
    set->ctime = ipc_now();
    update_queue(*set);
    return 0;
}

// How many waiters sleep because this semaphore is too small, or (`for_zero`) because it is not zero.
s32 count_waiters(const SemSet& set, s32 number, bool for_zero) {
    s32 count = 0;
    for (const SemWaiter& waiter : set.waiters)
        count += waiter.blocking->sem_num == number && (waiter.blocking->sem_op == 0) == for_zero ? 1 : 0;
    return count;
}

Result<s32> get_one(s32 id, s32 number, s32 command) {
    const auto* set = TRY(ipc_obtain<SemSet>(sem_ids, id, IPC_READ_ACCESS));
    if (number < 0 || static_cast<u32>(number) >= set->count)
        return Err(Errno::INVAL);
    const Semaphore& semaphore = set->semaphores[number];
    switch (command) {
    case GETVAL:
        return semaphore.value;
    case GETPID:
        return semaphore.pid;
    case GETNCNT:
        return count_waiters(*set, number, false);
    default:
        return count_waiters(*set, number, true);
    }
}

} // namespace

Result<s32> sys_semctl(s32 id, s32 number, s32 command, u32 argument) {
    if (id < 0)
        return Err(Errno::INVAL);
    const UserAddr pointer(argument);
    WriteGuard guard(sem_lock());
    switch (command & ~IPC_64) { // on ARM, programs always use the new structures
    case IPC_INFO:
    case SEM_INFO:
        return put_info(command & ~IPC_64, pointer);
    case IPC_STAT:
        return put_status(id, IpcStat::ById, pointer);
    case SEM_STAT:
        return put_status(id, IpcStat::ByIndex, pointer);
    case SEM_STAT_ANY:
        return put_status(id, IpcStat::AnyByIndex, pointer);
    case IPC_SET:
        return set_owner(id, pointer);
    case IPC_RMID:
        return remove(id);
    case GETALL:
        return get_all(id, pointer);
    case SETALL:
        return set_all(id, pointer);
    case SETVAL:
        return set_one(id, number, static_cast<s32>(argument));
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
        return get_one(id, number, command & ~IPC_64);
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
