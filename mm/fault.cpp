// do_page_fault: an access failed; find out whose fault that is. The way down from here is handle_mm_fault
// (mm/memory.cpp); the way up is a FaultOutcome, which the abort path (kernel/trap.cpp) acts on.
#include "mm/fault.hpp"

#include <optional>

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
FaultOutcome bad_access(const FaultInfo& fault, BadAccess reason) {
    TRACE(BadAccess, fault.address, reason, access_bits(fault));
    if (fault.user_mode)
        return {FaultOutcome::Signal, reason};
    return {FaultOutcome::Fixup};
}

// Only a bug of the kernel's makes such an access in kernel mode.
FaultOutcome bad_access_of_user_only(const FaultInfo& fault, BadAccess reason) {
    return fault.user_mode ? bad_access(fault, reason) : FaultOutcome{FaultOutcome::Oops};
}

FaultFlags fault_flags(const FaultInfo& fault) {
    return FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | (fault.write ? FAULT_FLAG_WRITE : FAULT_FLAG_NONE) |
           (fault.user_mode ? FAULT_FLAG_USER : FAULT_FLAG_NONE) |
           (fault.execute ? FAULT_FLAG_INSTRUCTION : FAULT_FLAG_NONE);
}

FaultOutcome outcome_of(const FaultInfo& fault, VmFault served) {
    if (!served.has_any(VM_FAULT_ERROR)) [[likely]]
        return {FaultOutcome::Retry};
    if (served.has(VM_FAULT_OOM))
        return {FaultOutcome::OutOfMemory};
    return bad_access(fault, reason_of(served));
}

// One attempt under the mmap lock. No outcome: the lock had to be given up, because the page must be waited for or the stack
// above must grow.
std::optional<FaultOutcome> serve(MmStruct& mm, UserAddr address, const FaultInfo& fault, FaultFlags flags) {
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = find_vma(mmap_read, address);
    if (vma && vma->start > address && vma->flags.has(VM_GROWSDOWN))
        return std::nullopt;
    if (!vma || vma->start > address)
        return bad_access(fault, BadAccess::NotMapped);
    if (!vma_permits_fault(*vma, flags))
        return bad_access(fault, BadAccess::NotAllowed);

    TRACE(Vma, address, vma->start, vma->end, vma->flags);
    const VmFault served = handle_mm_fault(mmap_read, *vma, address, flags);
    if (served.has(VM_FAULT_RETRY)) [[unlikely]]
        return std::nullopt;
    return outcome_of(fault, served);
}

// Serves the fault, in as many attempts as it takes.
FaultOutcome resolve(MmStruct& mm, UserAddr address, const FaultInfo& fault) {
    FaultFlags flags = fault_flags(fault);
    while (true) {
        if (const auto outcome = serve(mm, address, fault, flags)) [[likely]]
            return *outcome;
        if (wait_for_page(mm, address)) {
            if (fatal_signal_pending())
                return fault.user_mode ? FaultOutcome{FaultOutcome::Retry} : FaultOutcome{FaultOutcome::Fixup};
            flags = flags.without(FAULT_FLAG_ALLOW_RETRY) | FAULT_FLAG_TRIED;
        } else if (!expand_stack(mm, address)) {
            return bad_access(fault, BadAccess::NotMapped);
        }
    }
}

} // namespace

FaultOutcome do_page_fault(const FaultInfo& fault) {
    TRACE(DoPageFault, fault.address, fault.kind, access_bits(fault), current_mm_task().pagefault_disabled);
    switch (fault.kind) {
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
    if (fault.execute && !fault.user_mode)
        return {FaultOutcome::Oops};

    const MmTask& task = current_mm_task();
    MmStruct* mm = task.mm;
    if (mm == nullptr)
        return {FaultOutcome::Fixup};
    if (mm_config.repair_in_trap && pmap_fault_fixup(*mm, address, fault))
        return {FaultOutcome::Retry};
    // An atomic access: its caller has to call fixup_user_fault, and try again.
    if (task.pagefault_disabled != 0)
        return {FaultOutcome::Fixup};
    return resolve(*mm, address, fault);
}

} // namespace faultline
