// Signals, through rt_sigaction(2) and rt_sigprocmask(2). The UAPI's `struct sigaction` belongs to the old call
// sigaction; signal.cpp defines the structure that rt_sigaction reads.
#pragma once

#include <cstdint>

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

#include <asm-generic/ucontext.h> // needs the three above

#include <ulib/system_call.hpp>

namespace faultline {

using SignalHandler = void (*)(int signal, siginfo_t* info, void* context);

// Installs `handler` with SA_SIGINFO and our own restorer; `flags` are further SA_… flags. 0 or −errno.
long set_signal_handler(int signal, SignalHandler handler, unsigned long flags = 0);
// Restores the default action. 0 or −errno.
long set_signal_default(int signal);

// rt_sigprocmask(2) with one signal. 0 or −errno.
long block_signal(int signal);
long unblock_signal(int signal);

} // namespace faultline
