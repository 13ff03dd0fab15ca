// The signals that a program's own mistakes lead to: which one, and what the program finds in siginfo and sigcontext.
// Declared in kernel/upcalls.hpp.
#include <asm/siginfo.h>
#include <linux/signal.h>

#include "abi/signal/fault.hpp"
#include "abi/signal/send.hpp"
#include "arch/contract/fault_info.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"

namespace faultline {

namespace {

// sigcontext's trap_no as Linux/ARM fills it in.
constexpr u32 TRAP_UNDEFINED = 6, TRAP_PAGE_FAULT = 14;

void remember_fault(u32 trap_no, u32 status, u32 address) {
    Task& task = *current();
    task.fault_trap_no = trap_no;
    task.fault_status = status;
    task.fault_address = address;
}

struct SignalAndCode {
    s32 signal, code;
};

// (Linux arch/arm/mm/fault.c do_page_fault, fsr_info; of a lost page arch/arm64/mm/fault.c.)
SignalAndCode signal_for(BadAccess reason) {
    switch (reason) {
    case BadAccess::NotMapped:
        return {SIGSEGV, SEGV_MAPERR};
    case BadAccess::NotAllowed:
        return {SIGSEGV, SEGV_ACCERR};
    case BadAccess::Misaligned:
        return {SIGBUS, BUS_ADRALN};
    case BadAccess::NoPage:
        return {SIGBUS, BUS_ADRERR};
    case BadAccess::Lost:
        return {SIGBUS, BUS_MCEERR_AR};
    }
    BUG();
}

} // namespace

void signal_bad_access(BadAccess reason, FaultInfo fault) {
    const KernelLocked lock;
    remember_fault(reason == BadAccess::Misaligned ? 0 : TRAP_PAGE_FAULT, fault.status(), fault.address);
    const auto [signal, code] = signal_for(reason);
    if (reason == BadAccess::Lost)
        force_sig_mceerr(code, fault.address, PAGE_SHIFT);
    else
        force_sig_fault(signal, code, fault.address);
}

void signal_undefined(u32 pc, bool breakpoint) {
    const KernelLocked lock;
    if (!breakpoint) // of a breakpoint Linux notes nothing
        remember_fault(TRAP_UNDEFINED, 0, 0);
    force_sig_fault(breakpoint ? SIGTRAP : SIGILL, breakpoint ? TRAP_BRKPT : ILL_ILLOPC, pc);
}

// (Linux arch/arm/kernel/hw_breakpoint.c: the fault is hooked, but it is none of a debugger's.)
void signal_debug_event(FaultInfo fault) {
    const KernelLocked lock;
    remember_fault(0, fault.status(), 0);
    force_sig_fault(SIGTRAP, TRAP_HWBKPT, fault.address);
}

void signal_bad_call(s32 signal, s32 code, u32 address, u32 number) {
    const KernelLocked lock;
    remember_fault(0, number, 0);
    force_sig_fault(signal, code, address);
}

} // namespace faultline
