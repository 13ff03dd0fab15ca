// What is undone when a process ends (semop(2), SEM_UNDO). A record belongs to a set and to a list; it is freed when
// one of them ends.
#include <linux/sched.h>

#include <algorithm>

#include "abi/ipc/sem_set.hpp"
#include "abi/task/thread_group.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache undo_cache("sem_undo", sizeof(SemUndo), alignof(SemUndo));
constinit KmemCache list_cache("sem_undo_list", sizeof(SemUndoList), alignof(SemUndoList));

Result<SemUndoList*> list_of(Task& task) {
    if (task.sysvsem == nullptr)
        task.sysvsem = kmem_new<SemUndoList>(list_cache);
    if (task.sysvsem == nullptr)
        return Err(Errno::NOMEM);
    return task.sysvsem;
}

void free_undo(SemUndo& undo) {
    kfree(undo.adjustments);
    kmem_delete(undo_cache, &undo);
}

void carry_out(const SemUndo& undo) {
    SemSet& set = *undo.set;
    for (u32 i = 0; i < set.count; ++i) {
        if (undo.adjustments[i] == 0)
            continue;
        Semaphore& semaphore = set.semaphores[i];
        // As on Linux, an overflow is cut off: it is too late to report an error.
        semaphore.value = std::clamp(semaphore.value + undo.adjustments[i], 0, SEMVMX);
        semaphore.pid = current_group().pid;
    }
    update_queue(set);
}

} // namespace

Result<SemUndo*> find_alloc_undo(SemSet& set) {
    SemUndoList& list = *TRY(list_of(*current()));
    for (SemUndo& undo : list.undos)
        if (undo.set == &set)
            return &undo;
    UserCharge charge;
    const u32 bytes = set.count * u32{sizeof(s16)};
    if (!charge.take(bytes))
        return Err(Errno::NOMEM);
    auto* undo = kmem_new<SemUndo>(undo_cache);
    auto* adjustments = static_cast<s16*>(kmalloc(bytes));
    if (undo == nullptr || adjustments == nullptr) {
        kfree(adjustments);
        kmem_delete(undo_cache, undo);
        return Err(Errno::NOMEM);
    }
    std::fill_n(adjustments, set.count, s16{0});
    undo->set = &set;
    undo->adjustments = adjustments;
    undo->charge = std::move(charge);
    set.undos.push_back(*undo);
    list.undos.push_back(*undo);
    return undo;
}

void free_undos(SemSet& set) {
    while (!set.undos.empty()) {
        SemUndo& undo = set.undos.front();
        set.undos.pop_front();
        undo.list_link.unlink();
        free_undo(undo);
    }
}

void forget_adjustments(SemSet& set, u32 number) {
    for (SemUndo& undo : set.undos)
        undo.adjustments[number] = 0;
}

Result<void> copy_semundo(Task& child, u32 clone_flags) {
    if ((clone_flags & CLONE_SYSVSEM) == 0)
        return {};
    child.sysvsem = TRY(list_of(*current()));
    child.sysvsem->references.inc();
    return {};
}

void exit_sem(Task& task) {
    SemUndoList* list = std::exchange(task.sysvsem, nullptr);
    if (list == nullptr || !list->references.dec_and_test())
        return;
    WriteGuard guard(sem_lock());
    while (!list->undos.empty()) {
        SemUndo& undo = list->undos.front();
        list->undos.pop_front();
        undo.set_link.unlink();
        carry_out(undo);
        free_undo(undo);
    }
    kmem_delete(list_cache, list);
}

} // namespace faultline
