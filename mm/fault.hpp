// do_page_fault: an access failed; what is to become of it. And page faults disabled, when it fails at once.
#pragma once

#include "arch/contract/fault_info.hpp"
#include "mm/fault_flags.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

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

// Why a program cannot make an access. What signal that is, is not mm/'s business.
enum class BadAccess : u8 {
    NotMapped,  // no VMA
    NotAllowed, // the VMA forbids it
    Misaligned, // the instruction needs an aligned address
    NoPage,     // the VMA has no page to show: past the end of its file, or the file cannot be read
    Lost,       // the memory had an error, and what was there is nowhere else
};

// The reason for an error that is not for want of memory.
inline BadAccess reason_of(VmFault served) {
    if (served.has_any(VM_FAULT_SIGSEGV | VM_FAULT_BADMAP))
        return BadAccess::NotMapped;
    if (served.has(VM_FAULT_BADACCESS))
        return BadAccess::NotAllowed;
    return served.has(VM_FAULT_HWPOISON) ? BadAccess::Lost : BadAccess::NoPage;
}

// What the abort handler has to do after do_page_fault. One word, so that it is returned in a register.
class FaultOutcome {
  public:
    enum Action : u8 {
        Retry,       // the access can be made now
        Fixup,       // a kernel access to user memory that cannot be made: take its exception-table fixup
        Signal,      // the user's own access cannot be made, for `reason`
        OutOfMemory, // there is no page to be had: call out_of_memory() (mm/upcalls.hpp)
        Oops,        // a kernel bug: panic
    };
    constexpr FaultOutcome(Action action, BadAccess reason = {}) // NOLINT: implicit, so that `return Retry;` works
        : word_(action | static_cast<u32>(reason) << 8) {}

    constexpr bool is_retry() const { return word_ == Retry; }
    constexpr Action action() const { return static_cast<Action>(word_ & 0xff); }
    constexpr BadAccess reason() const { return static_cast<BadAccess>(word_ >> 8); } // with Signal

  private:
    u32 word_;
};

// An access of the current task, or of the kernel on its behalf, failed as `fault` says. Caller: the abort path; no
// lock held unless page faults are disabled. May sleep if they are not. (Linux arch/arm/mm/fault.c do_page_fault.)
FaultOutcome do_page_fault(FaultInfo fault);

} // namespace faultline
