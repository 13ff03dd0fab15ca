// Signals, over rt_sigaction. The UAPI's `struct sigaction` is the one of the old call; rt_sigaction(2)
// takes this.
#pragma once

#include <cstdint>

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

#include <asm-generic/ucontext.h> // stands on the three above

#include <ulib/system_call.hpp>

namespace faultline {

using SignalHandler = void (*)(int signal, siginfo_t* info, void* context);

// Installs `handler` with SA_SIGINFO and a restorer of our own; `flags` are further SA_… flags. 0 or −errno.
long set_signal_handler(int signal, SignalHandler handler, unsigned long flags = 0);
// Back to the default action. 0 or −errno.
long set_signal_default(int signal);

// rt_sigprocmask(2) with one signal. 0 or −errno.
long block_signal(int signal);
long unblock_signal(int signal);

} // namespace faultline
