// The 32 double registers (VFP and NEON) and FPSCR survive what a program does not see: switches between threads and
// processes, and signal handlers that use them.
#include <cstring>

#include <ulib/print.hpp>
#include <ulib/signal.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned REGISTERS = 32;
constexpr unsigned ROUNDS = 200;

struct Registers {
    alignas(8) std::uint64_t d[REGISTERS];
    u32 fpscr;
};

// Fills every register from `in`, spins `spins` times, makes one system call, spins again, and stores the registers to
// `out`. It is one asm statement, so that the compiler uses none of them in between.
void hold(const Registers& in, Registers& out, unsigned spins, long call, long argument1, long argument2) {
    register long r0 __asm__("r0") = argument1;
    register long r1 __asm__("r1") = argument2;
    register long r7 __asm__("r7") = call;
    const std::uint64_t* from = in.d;
    std::uint64_t* to = out.d;
    unsigned count;
    u32 fpscr = in.fpscr;
    __asm__ volatile("vldmia %[from]!, {d0-d15}\n"
                     "vldmia %[from], {d16-d31}\n"
                     "vmsr   fpscr, %[fpscr]\n"
                     "mov    %[count], %[spins]\n"
                     "1: subs %[count], #1\n"
                     "bne    1b\n"
                     "svc    0\n"
                     "mov    %[count], %[spins]\n"
                     "2: subs %[count], #1\n"
                     "bne    2b\n"
                     "vmrs   %[fpscr], fpscr\n"
                     "vstmia %[to]!, {d0-d15}\n"
                     "vstmia %[to]!, {d16-d31}\n"
                     "vmsr   fpscr, %[zero]\n"
                     : [from] "+&r"(from), [to] "+&r"(to), [count] "=&r"(count), [fpscr] "+&r"(fpscr), "+&r"(r0)
                     : [spins] "r"(spins), [zero] "r"(0), "r"(r1), "r"(r7)
                     : "memory", "cc", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d12",
                       "d13", "d14", "d15", "d16", "d17", "d18", "d19", "d20", "d21", "d22", "d23", "d24", "d25", "d26",
                       "d27", "d28", "d29", "d30", "d31");
    out.fpscr = fpscr;
}

Registers pattern(u32 seed) {
    Registers registers;
    for (unsigned i = 0; i < REGISTERS; ++i)
        registers.d[i] = std::uint64_t{seed * 2654435761u + i} << 32 | (seed ^ (i * 0x01010101u));
    registers.fpscr = (seed & 3) << 22; // the rounding mode
    return registers;
}

void check(const char* when, const Registers& expected, const Registers& actual) {
    for (unsigned i = 0; i < REGISTERS; ++i)
        if (expected.d[i] != actual.d[i])
            fail("vfp: %s, d%u changed from %08x%08x to %08x%08x\n", when, i,
                 static_cast<unsigned>(expected.d[i] >> 32), static_cast<unsigned>(expected.d[i]),
                 static_cast<unsigned>(actual.d[i] >> 32), static_cast<unsigned>(actual.d[i]));
    if (expected.fpscr != actual.fpscr)
        fail("vfp: %s, FPSCR changed from %08x to %08x\n", when, expected.fpscr, actual.fpscr);
}

void hold_and_check(const char* when, u32 seed, unsigned spins, long call, long argument1 = 0, long argument2 = 0) {
    const Registers in = pattern(seed);
    Registers out;
    hold(in, out, spins, call, argument1, argument2);
    check(when, in, out);
}

void keep_switching(void* argument) {
    const u32 seed = static_cast<u32>(reinterpret_cast<std::uintptr_t>(argument));
    for (unsigned i = 0; i < ROUNDS; ++i)
        hold_and_check("across switches", seed + i * 16, i % 8 == 0 ? 200'000 : 100, __NR_sched_yield);
}

volatile int signals = 0;

void spoil_registers(int, siginfo_t*, void*) {
    const Registers in = pattern(0xdead);
    Registers out;
    hold(in, out, 10, __NR_sched_yield, 0, 0);
    signals = signals + 1;
}

} // namespace

int main() {
    const int child = static_cast<int>(must(sys_fork(), "vfp: fork"));
    Thread threads[2];
    const std::uintptr_t base = child == 0 ? 8 : 1;
    for (unsigned i = 0; i < 2; ++i)
        must(threads[i].start(keep_switching, reinterpret_cast<void*>(base + i)), "vfp: clone");
    keep_switching(reinterpret_cast<void*>(base + 2));
    for (Thread& thread : threads)
        thread.join();
    if (child == 0)
        return 0;
    int status = 0;
    must(sys_wait4(child, &status), "vfp: wait4");
    if (shell_status(status) != 0)
        return shell_status(status);

    must(set_signal_handler(SIGUSR1, spoil_registers), "vfp: sigaction");
    const long self = sys_getpid();
    for (unsigned i = 0; i < ROUNDS; ++i)
        hold_and_check("across a signal handler", i, 100, __NR_kill, self, SIGUSR1);
    if (signals != ROUNDS)
        fail("vfp: %d signals were handled, expected %u\n", signals, ROUNDS);
    print("vfp: 32 registers and FPSCR kept their values across switches and signals\n");
    return 0;
}
