// A set of semaphores, its sleepers and what is to be undone. Private to abi/ipc; all of it is guarded by
// sem_lock().
#pragma once

#include <linux/sem.h>

#include <span>

#include "abi/ipc/ipc.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/rwsem.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

struct Semaphore {
    s32 value = 0;
    s32 pid = 0; // of the process that operated on it last
};

// What the processes that share `list` have to have added to a set's semaphores in the end.
struct SemUndo {
    AutoUnlinkHook set_link, list_link;
    struct SemSet* set = nullptr;
    s16* adjustments = nullptr; // one for each semaphore
};

// A semop(2) that cannot be done yet, on its caller's stack. Whoever makes it possible carries it out.
struct SemWaiter {
    ListHook link;
    std::span<const sembuf> operations;
    SemUndo* undo = nullptr;          // nullptr: no operation asks for it
    s32 pid = 0;                      // of the caller's process
    const sembuf* blocking = nullptr; // the operation that cannot be done
    bool done = false;                // and off the list; `result` says how it went
    Errno result = Errno{};
    WaitQueue wake;
};

struct SemSet : IpcPerm {
    u32 count = 0;
    u64 otime = 0, ctime = 0; // seconds since 1970
    Semaphore* semaphores = nullptr;
    List<SemWaiter, &SemWaiter::link> waiters; // oldest first
    AutoUnlinkList<SemUndo, &SemUndo::set_link> undos;
};

struct SemUndoList {        // Linux: struct sem_undo_list
    Refcount references{1}; // tasks
    AutoUnlinkList<SemUndo, &SemUndo::list_link> undos;
};

extern IpcIds sem_ids;
RwSemaphore& sem_lock(); // held for writing

// --- sem.cpp ---

// Carries out the list of operations: all, or none. AGAIN: it has to wait, for `blocking`; RANGE: a value or an
// adjustment would leave its range.
Result<void> perform_atomic_semop(SemSet& set, SemWaiter& waiter);

// Values have changed: carries out what has waited for that.
void update_queue(SemSet& set);

// Ends a waiter's sleep.
void complete_waiter(SemSet& set, SemWaiter& waiter, Errno result);

void free_set(SemSet& set); // nobody can find it, nobody sleeps in it

// --- sem_undo.cpp ---

// The record of current's process for this set, made if there is none. NOMEM.
Result<SemUndo*> find_alloc_undo(SemSet& set);
void free_undos(SemSet& set);                     // the set goes
void forget_adjustments(SemSet& set, u32 number); // SETVAL, SETALL: what was, is not to be undone

} // namespace faultline
