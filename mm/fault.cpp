// do_page_fault: an access failed; find out whose fault that is. The way down from here is handle_mm_fault
// (mm/memory.cpp); the way up is a FaultOutcome, which the abort path (kernel/trap.cpp) acts on.
#include "mm/fault.hpp"

#include "base/trace.hpp"
#include "mm/config.hpp"
#include "mm/memory.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_wait.hpp"
#include "mm/pmap_fault_fixup.hpp"
#include "mm/stack.hpp"

namespace faultline {

namespace {

// The access cannot be made. A user's own gets a signal; the kernel's, on its behalf, an errno through its fixup.
FaultOutcome bad_access(FaultInfo fault, BadAccess reason) {
    TRACE(BadAccess, fault.address, reason, access_bits(fault));
    if (fault.user_mode())
        return {FaultOutcome::Signal, reason};
    return FaultOutcome::Fixup;
}

// Only a bug of the kernel's makes such an access in kernel mode.
FaultOutcome bad_access_of_user_only(FaultInfo fault, BadAccess reason) {
    return fault.user_mode() ? bad_access(fault, reason) : FaultOutcome::Oops;
}

FaultFlags fault_flags(FaultInfo fault) {
    static_assert(FAULT_FLAG_WRITE.bits() == FaultInfo::WRITE && FAULT_FLAG_USER.bits() == FaultInfo::USER &&
                  FAULT_FLAG_INSTRUCTION.bits() == FaultInfo::EXECUTE);
    return FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | FaultFlags(fault.access());
}

// One attempt under the mmap lock. RETRY: the lock had to be given up, because the page must be waited for or the stack
// above must grow.
[[gnu::always_inline]] inline VmFault serve(MmStruct& mm, UserAddr address, FaultFlags flags) {
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = find_vma(mmap_read, address);
    if (!vma) [[unlikely]]
        return VM_FAULT_BADMAP;
    if (vma->start > address) [[unlikely]]
        return vma->flags.has(VM_GROWSDOWN) ? VM_FAULT_RETRY : VM_FAULT_BADMAP;
    if (!vma_permits_fault(*vma, flags)) [[unlikely]]
        return VM_FAULT_BADACCESS;

    TRACE(Vma, address, vma->start, vma->end, vma->flags);
    return handle_mm_fault(mmap_read, *vma, address, flags);
}

// The first attempt did not do. More of them, as many as it takes.
[[gnu::noinline]] FaultOutcome resolve(MmStruct& mm, FaultInfo fault, VmFault served) {
    const UserAddr address(fault.address);
    FaultFlags flags = fault_flags(fault);
    while (served.has(VM_FAULT_RETRY)) {
        if (wait_for_page(mm, address)) {
            if (fatal_signal_pending())
                return fault.user_mode() ? FaultOutcome::Retry : FaultOutcome::Fixup;
            flags = flags.without(FAULT_FLAG_ALLOW_RETRY) | FAULT_FLAG_TRIED;
        } else if (!expand_stack(mm, address)) {
            return bad_access(fault, BadAccess::NotMapped);
        }
        served = serve(mm, address, flags);
    }
    if (!served.has_any(VM_FAULT_ERROR))
        return FaultOutcome::Retry;
    if (served.has(VM_FAULT_OOM))
        return FaultOutcome::OutOfMemory;
    return bad_access(fault, reason_of(served));
}

} // namespace

FaultOutcome do_page_fault(FaultInfo fault) {
    TRACE(DoPageFault, fault.address, fault.kind(), access_bits(fault), current_mm_task().pagefault_disabled);
    switch (fault.kind()) {
    case FaultKind::Translation:
    case FaultKind::AccessFlag:
    case FaultKind::Permission:
        break;
    case FaultKind::Alignment:
        return bad_access(fault, BadAccess::Misaligned);
    default:
        return bad_access_of_user_only(fault, BadAccess::NoPage);
    }

    const UserAddr address(fault.address);
    // The kernel checks a user address before it uses it. So an address beyond user space, in kernel mode, is a bug.
    if (address.value() >= TASK_SIZE)
        return bad_access_of_user_only(fault, BadAccess::NotMapped);
    // PXN caught the kernel jumping into a task's memory.
    if (fault.execute() && !fault.user_mode())
        return FaultOutcome::Oops;

    const MmTask& task = current_mm_task();
    MmStruct* mm = task.mm;
    if (mm == nullptr)
        return FaultOutcome::Fixup;
    if (mm_config.repair_in_trap && pmap_fault_fixup(*mm, address, fault))
        return FaultOutcome::Retry;
    // An atomic access: its caller has to call fixup_user_fault, and try again.
    if (task.pagefault_disabled != 0)
        return FaultOutcome::Fixup;
    const VmFault served = serve(*mm, address, fault_flags(fault));
    if (is_served(served)) [[likely]]
        return FaultOutcome::Retry;
    return resolve(*mm, fault, served);
}

} // namespace faultline
