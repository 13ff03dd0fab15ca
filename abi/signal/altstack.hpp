// The alternate stack that handlers may run on (sigaltstack(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct PtRegs;
struct SignalStack; // <arch/signal.hpp>

// Sets the alternate stack; `stack_pointer` tells whether the task is on the one it has. PERM, INVAL, NOMEM.
Result<void> set_altstack(const SignalStack& wanted, u32 stack_pointer);

// System calls.
Result<u32> sys_sigaltstack(PtRegs& regs, UserAddr stack, UserAddr old_stack);

} // namespace faultline
