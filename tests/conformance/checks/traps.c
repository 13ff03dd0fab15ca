// System calls and instructions that are answered with a signal: numbers that only ARM has, breakpoints, undefined
// instructions (Linux arch/arm/kernel/traps.c, ptrace.c).
#include "check.h"

#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t seen;
static unsigned long seen_pc, seen_error, seen_trap;
static void handler(int signal, siginfo_t* info, void* context) {
    const ucontext_t* interrupted = context;
    seen = *info;
    seen.si_signo = signal;
    seen_pc = interrupted->uc_mcontext.arm_pc;
    seen_error = interrupted->uc_mcontext.error_code;
    seen_trap = interrupted->uc_mcontext.trap_no;
    siglongjmp(back, 1);
}

// The address of the SVC that calls make.
static unsigned long svc;
__attribute__((noinline, target("arm"))) static long call(unsigned number) {
    register unsigned r7 __asm__("r7") = number;
    register long r0 __asm__("r0") = 77;
    __asm__ volatile("adr r1, 1f\n str r1, [%2]\n 1: svc 0" : "+r"(r0) : "r"(r7), "r"(&svc) : "r1", "memory");
    return r0;
}
__attribute__((noinline, target("thumb"))) static long thumb_call(unsigned number) {
    register long r0 __asm__("r0") = 77;
    __asm__ volatile("mov r1, r7\n adr r2, 1f\n str r2, [%2]\n mov r7, %1\n .balign 4\n 1: svc 0\n mov r7, r1"
                     : "+r"(r0)
                     : "r"(number), "r"(&svc)
                     : "r1", "r2", "memory");
    return r0;
}

// The signal and its code, or 0 and the result in `result`.
static long result;
#define ENDS_IN(call, signal, code)                                                                                    \
    do {                                                                                                               \
        seen.si_signo = 0;                                                                                             \
        if (sigsetjmp(back, 1) == 0)                                                                                   \
            result = (long)(call);                                                                                     \
        if (seen.si_signo != (signal) || ((signal) != 0 && seen.si_code != (code)))                                    \
            printf("%s:%d: %s: signal %d, code %d\n", __FILE__, __LINE__, #call, seen.si_signo, seen.si_code),         \
                ++failures;                                                                                            \
    } while (0)

static void numbers(void) {
    static const unsigned unknown[] = {460, 479, 480, 1024, 0x10000, 0xeffff, 0xf0007, 0xf0400, 0xf07ff};
    for (unsigned i = 0; i < sizeof unknown / sizeof *unknown; ++i) {
        ENDS_IN(call(unknown[i]), 0, 0);
        CHECK(result == -ENOSYS);
    }
    static const unsigned illegal[] = {0xf0003,  0xf0004,  0xf0800,    0xf0fff,    0xfffff,
                                       0x100000, 0x900000, 0x7fffffff, 0x80000000, 0xffffffff};
    for (unsigned i = 0; i < sizeof illegal / sizeof *illegal; ++i) {
        ENDS_IN(call(illegal[i]), SIGILL, ILL_ILLTRP);
        CHECK((unsigned long)seen.si_addr == svc && seen_pc == svc + 4 && seen_error == illegal[i]);
        ENDS_IN(thumb_call(illegal[i]), SIGILL, ILL_ILLTRP);
        CHECK((unsigned long)seen.si_addr == (svc & ~1ul) && seen_pc == (svc & ~1ul) + 2);
    }
    ENDS_IN(call(0xf0000), SIGSEGV, SEGV_MAPERR);
    CHECK(seen.si_addr == NULL);
    ENDS_IN(call(0xf0001), SIGTRAP, TRAP_BRKPT);
    CHECK((unsigned long)seen.si_addr == svc && seen_pc == svc);
    ENDS_IN(thumb_call(0xf0001), SIGTRAP, TRAP_BRKPT);
    CHECK((unsigned long)seen.si_addr == (svc & ~1ul) && seen_pc == (svc & ~1ul));
}

// Code that is nothing but the instruction.
static char* code;
static void place(const unsigned short* halves, unsigned count) {
    memcpy(code, halves, 2 * count);
    memset(code + 2 * count, 0, 8);
    __builtin___clear_cache(code, code + 16);
}
static int run(int thumb) { return ((int (*)(void))(code + thumb))(), 0; }

static void instructions(void) {
    code = (char*)anonymous(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    place((const unsigned short[]){0x01f0, 0xe7f0}, 2); // what gdb puts into ARM code
    ENDS_IN(run(0), SIGTRAP, TRAP_BRKPT);
    CHECK(seen.si_addr == code && seen_pc == (unsigned long)code);
    place((const unsigned short[]){0xde01}, 1); // into Thumb code
    ENDS_IN(run(1), SIGTRAP, TRAP_BRKPT);
    CHECK(seen.si_addr == code && seen_pc == (unsigned long)code);
    place((const unsigned short[]){0xf7f0, 0xa000}, 2); // and where a wide instruction was
    ENDS_IN(run(1), SIGTRAP, TRAP_BRKPT);
    CHECK(seen.si_addr == code && seen_pc == (unsigned long)code && seen_trap == 0);
    place((const unsigned short[]){0x00f0, 0xe7f0}, 2);
    ENDS_IN(run(0), SIGILL, ILL_ILLOPC);
    CHECK(seen.si_addr == code && seen_pc == (unsigned long)code && seen_trap == 6);
    place((const unsigned short[]){0xde00}, 1);
    ENDS_IN(run(1), SIGILL, ILL_ILLOPC);
    CHECK(seen.si_addr == code && seen_pc == (unsigned long)code);
    place((const unsigned short[]){0xf7f0, 0xa001}, 2);
    ENDS_IN(run(1), SIGILL, ILL_ILLOPC);
    CHECK(seen.si_addr == code && seen_pc == (unsigned long)code);
    place((const unsigned short[]){0x0070, 0xe120}, 2); // BKPT
    ENDS_IN(run(0), SIGTRAP, 4 /* TRAP_HWBKPT */);
    place((const unsigned short[]){0xbe00}, 1);
    ENDS_IN(run(1), SIGTRAP, 4 /* TRAP_HWBKPT */);
    ENDS_IN(*(volatile int*)8, SIGSEGV, SEGV_MAPERR);
    CHECK(seen_trap == 14);
    ENDS_IN(({
                __asm__ volatile("ldrex r4, [%0]" ::"r"(code + 1) : "r4", "memory");
                0;
            }),
            SIGBUS, BUS_ADRALN);
    CHECK(seen.si_addr == code + 1 && seen_trap == 0);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    static const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS};
    for (unsigned i = 0; i < 4; ++i)
        sigaction(signals[i], &action, NULL);
    numbers();
    instructions();
    return finish();
}
