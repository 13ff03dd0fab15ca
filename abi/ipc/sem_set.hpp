// A set of semaphores, its sleepers, and what is to be undone. Private to abi/ipc. sem_lock() guards all of it.
#pragma once

#include <linux/sem.h>

#include <span>

#include "abi/cred/user.hpp"
#include "abi/ipc/ipc.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct Semaphore {
    s32 value = 0;
    s32 pid = 0; // the last process that operated on it
};

// What is to be added to the semaphores of one set when the processes that share a SemUndoList have ended.
struct SemUndo {
    AutoUnlinkHook set_link, list_link;
    struct SemSet* set = nullptr;
    s16* adjustments = nullptr; // one for each semaphore
    UserCharge charge;          // these
};

// A semop(2) that has to wait; on its caller's stack. The call that makes it possible carries it out.
struct SemWaiter {
    ListHook link;
    std::span<const sembuf> operations;
    SemUndo* undo = nullptr;          // nullptr: no operation has SEM_UNDO
    s32 pid = 0;                      // of the caller's process
    const sembuf* blocking = nullptr; // the operation that cannot be done
    bool done = false;                // it is off the list, and `result` is valid
    Errno result = Errno{};
    WaitQueue wake;
};

struct SemSet : IpcPerm {
    u32 count = 0;
    u64 otime = 0, ctime = 0; // seconds since 1970
    Semaphore* semaphores = nullptr;
    UserCharge charge;                         // these: they stay when their maker has ended
    List<SemWaiter, &SemWaiter::link> waiters; // oldest first
    AutoUnlinkList<SemUndo, &SemUndo::set_link> undos;
};

struct SemUndoList {        // Linux: struct sem_undo_list
    Refcount references{1}; // tasks that share it
    AutoUnlinkList<SemUndo, &SemUndo::list_link> undos;
};

extern IpcIds sem_ids;
RwSemaphore& sem_lock(); // always taken for writing

// --- sem.cpp ---

// Performs the whole list of operations, or none. AGAIN: it has to wait, because of `blocking`; RANGE: a value or an
// adjustment would leave its range.
Result<void> perform_atomic_semop(SemSet& set, SemWaiter& waiter);

// Called when values have changed: performs the lists that can be performed now.
void update_queue(SemSet& set);

// Takes a waiter off its list and wakes it with this result.
void complete_waiter(SemSet& set, SemWaiter& waiter, Errno result);

void free_set(SemSet& set); // frees the set; it has no id and no waiters any more

// --- sem_undo.cpp ---

// The undo record of current for this set; makes it if there is none. NOMEM.
Result<SemUndo*> find_alloc_undo(SemSet& set);
void free_undos(SemSet& set);                     // for a set that is removed
void forget_adjustments(SemSet& set, u32 number); // for SETVAL and SETALL: earlier operations are no longer undone

} // namespace faultline
