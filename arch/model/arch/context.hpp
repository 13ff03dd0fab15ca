// The state of a task's execution while the task does not run: on the host, a suspended coroutine of the modelled
// machine.
#pragma once

#include "base/types.hpp"

namespace faultline {

namespace model {
class Execution;
}

struct CpuContext {
    model::Execution* execution = nullptr; // owned by the machine
    u32 tpidruro = 0;                      // the task's TLS pointer (ABI: set_tls)
};

// Prepares a context. The first switch to it calls entry(argument). `entry` never returns. `stack_top` is not used: the
// coroutine has a stack of its own.
void init_context(CpuContext& context, void* stack_top, void (*entry)(void*), void* argument);

// Saves this execution in `from` and continues `to`. Returns when another execution switches back to `from`. Throws
// std::logic_error if `to` was never initialised.
void switch_to(CpuContext& from, CpuContext& to);

} // namespace faultline
