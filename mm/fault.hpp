// The page-fault path's vocabulary, and its two doors: do_page_fault (an access failed) and handle_mm_fault (make
// this access possible).
#pragma once

#include "arch/contract/fault_info.hpp"
#include "mm/mm_struct.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

enum FaultFlag : u32 {   // Linux 6.1 include/linux/mm_types.h
    FAULT_FLAG_NONE = 0, // ours: a read
    FAULT_FLAG_WRITE = 0x1,
    FAULT_FLAG_ALLOW_RETRY = 0x4, // the mmap lock may be dropped to wait; then VM_FAULT_RETRY
    FAULT_FLAG_KILLABLE = 0x10,   // such a wait ends on a fatal signal
    FAULT_FLAG_TRIED = 0x20,      // second attempt: do not drop the lock again
    FAULT_FLAG_USER = 0x40,       // the fault came from user mode
    FAULT_FLAG_INSTRUCTION = 0x100,
};

enum VmFault : u32 {   // what handle_mm_fault reports; 0 is a minor fault served
    VM_FAULT_NONE = 0, // ours
    VM_FAULT_OOM = 0x1,
    VM_FAULT_SIGBUS = 0x2,
    VM_FAULT_MAJOR = 0x4,
    VM_FAULT_HWPOISON = 0x10,
    VM_FAULT_SIGSEGV = 0x40,
    VM_FAULT_RETRY = 0x400,
};
inline constexpr u32 VM_FAULT_ERROR = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_SIGSEGV;

// The errno of an error in `fault`, in one place (Linux: vm_fault_to_errno). `fault` holds a VM_FAULT_ERROR bit.
// OOM: NOMEM; SIGBUS, SIGSEGV: FAULT; HWPOISON: FAULT, or HWPOISON if `report_poison`.
Errno vm_fault_to_errno(u32 fault, bool report_poison = false);

// Page faults disabled: an access to user memory that would fault fails with FAULT at once instead of calling
// handle_mm_fault. Nests. Nothing inside may sleep.
class [[nodiscard]] PagefaultDisabled {
  public:
    PagefaultDisabled() { ++current_mm_task().pagefault_disabled; }
    ~PagefaultDisabled() { --current_mm_task().pagefault_disabled; }
    PagefaultDisabled(const PagefaultDisabled&) = delete;
    PagefaultDisabled& operator=(const PagefaultDisabled&) = delete;
};
inline bool pagefault_disabled() { return current_mm_task().pagefault_disabled != 0; }

// What the abort handler has to do after do_page_fault.
struct FaultOutcome {
    enum Action : u8 {
        Retry,  // the access can be made now
        Fixup,  // a kernel access to user memory that cannot be made: take its exception-table fixup
        Signal, // the user's own access: send `signal` with `code` and si_addr = the address
        Oops,   // a kernel bug: panic
    } action;
    u8 signal = 0; // SIGSEGV (11), SIGBUS (7) or SIGKILL (9, out of memory)
    u8 code = 0;   // SEGV_MAPERR 1, SEGV_ACCERR 2, BUS_ADRALN 1, BUS_ADRERR 2
};

// An access of the current task, or of the kernel on its behalf, failed as `fault` says. Caller: the abort path; no
// lock held unless page faults are disabled. May sleep if they are not. (Linux arch/arm/mm/fault.c do_page_fault.)
FaultOutcome do_page_fault(const FaultInfo& fault);

// Makes the access `flags` describes possible at `address` in `vma`: allocates, copies, fills, and sets the young and
// dirty bits in the entry. Returns VmFault bits. Caller holds the mmap lock for reading through `guard`; it is kept
// unless VM_FAULT_RETRY comes back, which needs FAULT_FLAG_ALLOW_RETRY. Does not check the VMA's rights: its
// caller does (vma_permits_fault). (Linux mm/memory.c handle_mm_fault.)
u32 handle_mm_fault(MmapReadGuard& guard, VmArea& vma, UserAddr address, u32 flags);

// Whether the VMA grants the access (Linux: access_error, vma_permits_fault).
bool vma_permits_fault(const VmArea& vma, u32 flags);

} // namespace faultline
