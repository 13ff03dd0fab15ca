// The alternate stack for signal handlers (sigaltstack(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;
struct SignalStack; // <arch/signal.hpp>

// Sets current's alternate stack. `stack_pointer` is current's user stack pointer. PERM: it lies in the present
// alternate stack. INVAL: unknown flags. NOMEM: smaller than 2048 bytes.
Result<void> set_altstack(const SignalStack& wanted, u32 stack_pointer);

// System calls; abi/syscall/table.cpp states the rules for all of them. Errors of set_altstack(), and FAULT.
Result<u32> sys_sigaltstack(PtRegs& regs, UserAddr stack, UserAddr old_stack);

} // namespace faultline
