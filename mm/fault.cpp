// do_page_fault: an access failed; find out whose fault that is. The way down from here is handle_mm_fault
// (mm/memory.cpp); the way up is a FaultOutcome, which the abort path (kernel/trap.cpp) acts on.
#include "mm/fault.hpp"

#include "mm/config.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

constinit MmConfig mm_config;

namespace {

constexpr u8 SIGKILL = 9, SIGBUS = 7, SIGSEGV = 11;
constexpr u8 SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_ADRERR = 2;

// The access cannot be made. A user's own gets a signal; the kernel's, on its behalf, an errno through its
// fixup.
FaultOutcome bad_access(const FaultInfo& fault, u8 signal, u8 code) {
    if (fault.user_mode)
        return {FaultOutcome::Signal, signal, code};
    return {FaultOutcome::Fixup};
}

u32 fault_flags(const FaultInfo& fault) {
    u32 flags = FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE;
    if (fault.write)
        flags |= FAULT_FLAG_WRITE;
    if (fault.user_mode)
        flags |= FAULT_FLAG_USER;
    if (fault.execute)
        flags |= FAULT_FLAG_INSTRUCTION;
    return flags;
}

// fault_in=trap: repairs an entry whose own bits already permit the access but whose age, cleanness or
// staleness in this CPU's TLB denied it. Touches no VMA and never sleeps, so it may run with page faults
// disabled; page_table_lock alone keeps the table. The BSD pmaps work like this (NetBSD arm32 pmap_fault_fixup).
bool pmap_fault_fixup(MmStruct& mm, UserAddr address, const FaultInfo& fault) {
    const Guard tables(mm.page_table_lock);
    PteSlot* slot = pte_offset(mm, address);
    if (slot == nullptr)
        return false;
    const Guard lock(pte_lockptr(slot));
    const Pte entry = ptep_get(slot);
    if (!pte_present(entry) || !pte_user(entry) || (fault.write && !pte_write(entry)) ||
        (fault.execute && !pte_exec(entry)))
        return false;
    const Pte repaired = fault.write ? pte_mkdirty(pte_mkyoung(entry)) : pte_mkyoung(entry);
    if (!ptep_set_access_flags(mm.context, address, slot, repaired, fault.write))
        flush_tlb_fix_spurious_fault(mm.context, address);
    return true;
}

// Serves the fault under the mmap lock, dropping it and starting over when the page had to be waited for.
FaultOutcome resolve(MmStruct& mm, UserAddr address, const FaultInfo& fault) {
    u32 flags = fault_flags(fault);
    MmapReadGuard mmap_read(mm.mmap_lock);
    while (true) {
        VmArea* vma = find_extend_vma(mm, mmap_read, address);
        if (vma == nullptr)
            return bad_access(fault, SIGSEGV, SEGV_MAPERR);
        if (!vma_permits_fault(*vma, flags))
            return bad_access(fault, SIGSEGV, SEGV_ACCERR);

        const u32 served = handle_mm_fault(mmap_read, *vma, address, flags);
        if ((served & VM_FAULT_OOM) != 0)
            return bad_access(fault, SIGKILL, 0);
        if ((served & VM_FAULT_SIGSEGV) != 0)
            return bad_access(fault, SIGSEGV, SEGV_MAPERR);
        if ((served & VM_FAULT_ERROR) != 0)
            return bad_access(fault, SIGBUS, BUS_ADRERR);
        if ((served & VM_FAULT_RETRY) == 0)
            return {FaultOutcome::Retry};

        // The lock is gone, and with it everything found under it.
        if (fatal_signal_pending())
            return fault.user_mode ? FaultOutcome{FaultOutcome::Retry} : FaultOutcome{FaultOutcome::Fixup};
        mmap_read.relock();
        flags = (flags & ~FAULT_FLAG_ALLOW_RETRY) | FAULT_FLAG_TRIED;
    }
}

} // namespace

#ifdef FAULTLINE_DEBUG
lockdep::Held& lockdep::held_by_task() { return current_mm_task().held; }
bool lockdep::faults_at_once() { return pagefault_disabled(); }
#endif

FaultOutcome do_page_fault(const FaultInfo& fault) {
    switch (fault.kind) {
    case FaultKind::Translation:
    case FaultKind::AccessFlag:
    case FaultKind::Permission:
        break;
    case FaultKind::Alignment:
        return bad_access(fault, SIGBUS, BUS_ADRALN);
    default:
        return fault.user_mode ? bad_access(fault, SIGBUS, BUS_ADRERR) : FaultOutcome{FaultOutcome::Oops};
    }

    const UserAddr address(fault.address);
    // The kernel checks user addresses before it touches them: one that is none is a bug of its own.
    if (address.value() >= TASK_SIZE)
        return fault.user_mode ? bad_access(fault, SIGSEGV, SEGV_MAPERR) : FaultOutcome{FaultOutcome::Oops};
    // PXN caught the kernel jumping into a task's memory.
    if (fault.execute && !fault.user_mode)
        return {FaultOutcome::Oops};

    const MmTask& task = current_mm_task();
    MmStruct* mm = task.mm;
    if (mm == nullptr)
        return {FaultOutcome::Fixup};
    if (mm_config.repair_in_trap && pmap_fault_fixup(*mm, address, fault))
        return {FaultOutcome::Retry};
    // An atomic access: its caller has to call fixup_user_fault, and come again.
    if (task.pagefault_disabled != 0)
        return {FaultOutcome::Fixup};
    return resolve(*mm, address, fault);
}

Errno vm_fault_to_errno(u32 fault, bool report_poison) {
    if ((fault & VM_FAULT_OOM) != 0)
        return Errno::NOMEM;
    if ((fault & VM_FAULT_HWPOISON) != 0 && report_poison)
        return Errno::HWPOISON;
    return Errno::FAULT;
}

bool vma_permits_fault(const VmArea& vma, u32 flags) {
    if ((flags & FAULT_FLAG_WRITE) != 0)
        return (vma.flags & VM_WRITE) != 0;
    if ((flags & FAULT_FLAG_INSTRUCTION) != 0)
        return (vma.flags & VM_EXEC) != 0;
    return (vma.flags & VM_ACCESS_FLAGS) != 0; // ARM cannot map a page write-only or execute-only
}

} // namespace faultline
