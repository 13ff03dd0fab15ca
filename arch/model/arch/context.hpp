// What a task's execution is while it does not run: on the host, a suspended thread of the modelled machine.
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

// Prepares a context that, when first switched to, calls entry(argument). `entry` never returns. `stack_top`
// is not used: the thread brings its own stack.
void init_context(CpuContext& context, void* stack_top, void (*entry)(void*), void* argument);

// Saves this execution in `from` and continues `to`. Returns when somebody switches back.
void switch_to(CpuContext& from, CpuContext& to);

} // namespace faultline
