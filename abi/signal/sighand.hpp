// What a process wants done about each signal.
#pragma once

#include "abi/signal/signal.hpp"
#include "base/refcount.hpp"
#include "base/result.hpp"

namespace faultline {

// struct sigaction as rt_sigaction(2) passes it on ARM.
struct SigAction {
    u32 handler = 0; // SIG_DFL 0, SIG_IGN 1, or the program's function
    u32 flags = 0;   // SA_*
    u32 restorer = 0;
    u32 mask[2] = {};
    u64 blocked() const { return mask[0] | u64{mask[1]} << 32; }
};
inline constexpr u32 HANDLER_DEFAULT = 0, HANDLER_IGNORE = 1;

// Shared by the threads of CLONE_SIGHAND.
struct SigHand {
    Refcount references{1};
    SigAction action[SIGNAL_COUNT];
    SigAction& of(s32 sig) { return action[sig - 1]; }
};
Result<SigHand*> sighand_new(); // all default. NOMEM
Result<SigHand*> sighand_dup(const SigHand& from);
void sighand_put(SigHand& sighand);
void flush_signal_handlers(SigHand& sighand); // execve: caught ones become default, ignored stay

} // namespace faultline
