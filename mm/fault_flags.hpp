// The two families of flags that go down and up the fault path: what an access is, and how serving it ended.
#pragma once

#include "base/flags.hpp"

namespace faultline {

// What handle_mm_fault is asked for. (Linux 6.1 include/linux/mm_types.h.) None of them: a read by the kernel.
using FaultFlags = Flags<struct FaultFlagsTag>;
inline constexpr FaultFlags FAULT_FLAG_NONE{}; // ours
inline constexpr FaultFlags FAULT_FLAG_WRITE{0x1};
inline constexpr FaultFlags FAULT_FLAG_ALLOW_RETRY{0x4}; // VM_FAULT_RETRY may come back: the caller waits, unlocked
inline constexpr FaultFlags FAULT_FLAG_KILLABLE{0x10};   // a fatal signal ends the attempts
inline constexpr FaultFlags FAULT_FLAG_TRIED{0x20};      // a second attempt
inline constexpr FaultFlags FAULT_FLAG_USER{0x40};       // the fault came from user mode
inline constexpr FaultFlags FAULT_FLAG_INSTRUCTION{0x100};

// What handle_mm_fault reports. None of them: a minor fault, served.
using VmFault = Flags<struct VmFaultTag>;
inline constexpr VmFault VM_FAULT_NONE{}; // ours
inline constexpr VmFault VM_FAULT_OOM{0x1};
inline constexpr VmFault VM_FAULT_SIGBUS{0x2};
inline constexpr VmFault VM_FAULT_MAJOR{0x4};
inline constexpr VmFault VM_FAULT_HWPOISON{0x10};
inline constexpr VmFault VM_FAULT_SIGSEGV{0x40};
inline constexpr VmFault VM_FAULT_RETRY{0x400};        // the page must be waited for with no lock held; then try again
inline constexpr VmFault VM_FAULT_BADMAP{0x010000};    // no VMA (Linux arch/arm/mm/fault.c)
inline constexpr VmFault VM_FAULT_BADACCESS{0x020000}; // the VMA forbids it
inline constexpr VmFault VM_FAULT_ERROR =
    VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_SIGSEGV | VM_FAULT_BADMAP | VM_FAULT_BADACCESS;

// Neither an error nor to be tried again.
constexpr bool is_served(VmFault served) { return served.without(VM_FAULT_MAJOR) == VM_FAULT_NONE; }

} // namespace faultline
