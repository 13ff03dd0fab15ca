// rt_sigaction and rt_sigprocmask with the kernel's own structure and an eight-byte mask.
#include <ulib/signal.hpp>

namespace faultline {

extern "C" void ulib_rt_sigreturn(); // sigreturn.S

namespace {

struct KernelSigaction { // Linux include/linux/signal_types.h, as rt_sigaction reads it
    void (*handler)(int, siginfo_t*, void*);
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
};

long change_mask(int how, int signal) {
    const std::uint64_t mask = std::uint64_t{1} << (signal - 1);
    return system_call(__NR_rt_sigprocmask, how, &mask, nullptr, sizeof mask);
}

} // namespace

long set_signal_handler(int signal, SignalHandler handler, unsigned long flags) {
    const KernelSigaction action{handler, flags | SA_SIGINFO | SA_RESTORER, ulib_rt_sigreturn, 0};
    return system_call(__NR_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

long set_signal_default(int signal) {
    const KernelSigaction action{};
    return system_call(__NR_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

long block_signal(int signal) { return change_mask(SIG_BLOCK, signal); }
long unblock_signal(int signal) { return change_mask(SIG_UNBLOCK, signal); }

} // namespace faultline
