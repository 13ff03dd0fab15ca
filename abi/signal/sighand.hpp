// The table of signal actions: what a process does on each signal (sigaction(2); Linux struct sighand_struct).
#pragma once

#include <array>

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

// Tasks made with CLONE_SIGHAND share it. Changed under the kernel lock and siglock: senders read it with either.
struct SigHand {
    SigHand() : action{} {}
    SigHand(const SigHand& from) : action(from.action) {} // with one reference

    Refcount references{1};
    std::array<SigAction, SIGNAL_COUNT> action;
    SigAction& of(s32 sig) { return action[sig - 1]; } // 1 … 64
};
Result<SigHand*> sighand_new();                    // a table of default actions, with one reference. NOMEM
Result<SigHand*> sighand_dup(const SigHand& from); // a copy, with one reference. NOMEM
void sighand_put(SigHand& sighand);                // drops a reference; the last one frees the table

// Resets handled signals to their default action and keeps ignored ones, as execve does. (Linux: the same name.)
void flush_signal_handlers(SigHand& sighand);

} // namespace faultline
