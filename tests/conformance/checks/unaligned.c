// Loads and stores of several words at unaligned addresses, in ARM and in Thumb code: the kernel makes them good, or sends
// a signal (mem_alignment.rst of Linux's documentation).
#include "check.h"

#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t seen;
static void handler(int signal, siginfo_t* info, void* context) {
    (void)context;
    seen = *info;
    seen.si_signo = signal;
    siglongjmp(back, 1);
}

// The signal that the statement gets; 0: none.
#define SIGNAL_OF(...)                                                                                                 \
    (seen.si_signo = 0, sigsetjmp(back, 1) == 0 ? ({                                                                   \
         __VA_ARGS__;                                                                                                  \
         0;                                                                                                            \
     })                                                                                                                \
                                                : seen.si_signo)

static unsigned char bytes[64] __attribute__((aligned(16)));
static void refill(void) {
    for (unsigned i = 0; i < sizeof bytes; ++i)
        bytes[i] = (unsigned char)i;
}
static unsigned word(unsigned at) {
    unsigned value;
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

// A case: the text, the change of the base, and what is loaded or stored from which offset.
#define LOADS(name, state, text, start, change, first, second)                                                         \
    __attribute__((noinline, target(#state))) static void name(void) {                                                 \
        refill();                                                                                                      \
        unsigned r[4] = {(unsigned)(bytes + (start)), 1, 2, 4};                                                        \
        CHECK(SIGNAL_OF(DO(text)) == 0);                                                                               \
        CHECK(r[0] == (unsigned)(bytes + (start) + (change)));                                                         \
        CHECK(r[1] == word((unsigned)(first)) && r[2] == word((unsigned)(second)));                                    \
    }
#define STORES(name, state, text, start, change, first, second)                                                        \
    __attribute__((noinline, target(#state))) static void name(void) {                                                 \
        refill();                                                                                                      \
        unsigned r[4] = {(unsigned)(bytes + (start)), 0x11223344, 0x55667788, 4};                                      \
        CHECK(SIGNAL_OF(DO(text)) == 0);                                                                               \
        CHECK(r[0] == (unsigned)(bytes + (start) + (change)));                                                         \
        CHECK(word((unsigned)(first)) == 0x11223344 && word((unsigned)(second)) == 0x55667788);                        \
        CHECK(bytes[(first) - 1] == (first) - 1 && bytes[(second) + 4] == (second) + 4);                               \
    }
#define DO(text)                                                                                                       \
    __asm__ volatile("mov r8, %0\n ldr r4, [r8]\n ldr r5, [r8, #4]\n ldr r6, [r8, #8]\n ldr r3, [r8, #12]\n" text      \
                     "\n str r4, [r8]\n str r5, [r8, #4]\n str r6, [r8, #8]\n"                                         \
                     :                                                                                                 \
                     : "r"(r)                                                                                          \
                     : "r3", "r4", "r5", "r6", "r8", "cc", "memory")

LOADS(arm_ldmia, arm, "ldmia r4, {r5, r6}", 17, 0, 17, 21)
LOADS(arm_ldmia_back, arm, "ldmia r4!, {r5, r6}", 17, 8, 17, 21)
LOADS(arm_ldmib, arm, "ldmib r4!, {r5, r6}", 17, 8, 21, 25)
LOADS(arm_ldmda, arm, "ldmda r4!, {r5, r6}", 17, -8, 13, 17)
LOADS(arm_ldmdb, arm, "ldmdb r4!, {r5, r6}", 17, -8, 9, 13)
STORES(arm_stmia, arm, "stmia r4!, {r5, r6}", 18, 8, 18, 22)
STORES(arm_stmib, arm, "stmib r4, {r5, r6}", 18, 0, 22, 26)
STORES(arm_stmda, arm, "stmda r4!, {r5, r6}", 18, -8, 14, 18)
STORES(arm_stmdb, arm, "stmdb r4!, {r5, r6}", 18, -8, 10, 14)
LOADS(arm_condition, arm, "cmp r8, r8\n ldmiaeq r4, {r5, r6}", 17, 0, 17, 21)
#define PAIR(text)                                                                                                     \
    "push {r9, r10, r11}\n mov r10, r5\n mov r11, r6\n" text "\n mov r5, r10\n mov r6, r11\n pop {r9, r10, r11}"
LOADS(arm_ldrd, arm, PAIR("ldrd r10, r11, [r4]"), 17, 0, 17, 21)
LOADS(arm_ldrd_offset, arm, PAIR("ldrd r10, r11, [r4, #-6]"), 17, 0, 11, 15)
LOADS(arm_ldrd_before, arm, PAIR("ldrd r10, r11, [r4, #5]!"), 17, 5, 22, 26)
LOADS(arm_ldrd_after, arm, PAIR("ldrd r10, r11, [r4], #20"), 17, 20, 17, 21)
LOADS(arm_ldrd_register, arm, PAIR("ldrd r10, r11, [r4, -r3]!"), 17, -4, 13, 17)
LOADS(arm_ldrd_register_after, arm, PAIR("ldrd r10, r11, [r4], r3"), 17, 4, 17, 21)
STORES(arm_strd, arm, PAIR("strd r10, r11, [r4, #4]!"), 18, 4, 22, 26)
STORES(arm_strd_after, arm, PAIR("strd r10, r11, [r4], #-4"), 18, -4, 18, 22)
LOADS(thumb_ldm, thumb, "ldmia r4!, {r5, r6}", 17, 8, 17, 21)
LOADS(thumb_ldm_wide, thumb, "ldmia.w r4, {r5, r6}", 17, 0, 17, 21)
LOADS(thumb_ldmdb, thumb, "ldmdb r4!, {r5, r6}", 17, -8, 9, 13)
STORES(thumb_stm, thumb, "stmia r4!, {r5, r6}", 18, 8, 18, 22)
STORES(thumb_stmdb, thumb, "stmdb r4!, {r5, r6}", 18, -8, 10, 14)
LOADS(thumb_ldrd, thumb, "ldrd r5, r6, [r4]", 17, 0, 17, 21)
LOADS(thumb_ldrd_before, thumb, "ldrd r5, r6, [r4, #-8]!", 17, -8, 9, 13)
LOADS(thumb_ldrd_after, thumb, "ldrd r5, r6, [r4], #12", 17, 12, 17, 21)
STORES(thumb_strd, thumb, "strd r5, r6, [r4, #4]", 18, 0, 22, 26)
STORES(thumb_strd_after, thumb, "strd r5, r6, [r4], #-8", 18, -8, 18, 22)
// In an IT block: the second instruction is still under its condition.
LOADS(thumb_it, thumb, "cmp r8, r8\n itte eq\n ldmiaeq.w r4, {r5, r6}\n addeq r4, #1\n addne r4, #16", 17, 1, 17, 21)

// A jump by LDM. (Linux does not look at bit 0 of the address, which says into which state; so no test here does.)
__attribute__((noinline, target("arm"))) static unsigned jump(void) {
    unsigned result;
    __asm__ volatile("adr r4, 1f\n mov r5, #3\n str r5, [%1, #1]\n str r4, [%1, #5]\n add r5, %1, #1\n"
                     "ldm r5, {r6, pc}\n mov r6, #0\n 1: add %0, r6, #1\n"
                     : "=&r"(result)
                     : "r"(bytes)
                     : "r4", "r5", "r6", "memory");
    return result;
}

static void signals(void) {
    unsigned char* const at = bytes + 1;
    char* const pages = (char*)anonymous(2, PROT_READ | PROT_WRITE);
    mprotect(pages + PAGE, PAGE, PROT_NONE);
    CHECK(SIGNAL_OF(__asm__ volatile("ldmia %0, {r5, r6}" ::"r"(pages + PAGE - 6) : "r5", "r6", "memory")) == SIGSEGV);
    CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == pages + PAGE - 6);
    CHECK(SIGNAL_OF(__asm__ volatile("ldrd r4, r5, [%0]" ::"r"(pages + PAGE - 3) : "r4", "r5", "memory")) == SIGSEGV);
    mprotect(pages, PAGE, PROT_READ);
    CHECK(SIGNAL_OF(__asm__ volatile("stmia %0, {r5, r6}" ::"r"(pages + 1) : "memory")) == SIGSEGV);
    CHECK(SIGNAL_OF(__asm__ volatile("ldmia %0, {r5, r6}" ::"r"(0xfffffffdu) : "r5", "r6")) == SIGSEGV);
    // What Linux does not make good.
    CHECK(SIGNAL_OF(__asm__ volatile(".fpu neon\n vldr d0, [%0]" ::"r"(at) : "memory")) == SIGBUS);
    CHECK(seen.si_code == BUS_ADRALN && seen.si_addr == at);
    CHECK(SIGNAL_OF(__asm__ volatile(".fpu neon\n vstmia %0, {d0, d1}" ::"r"(at) : "memory")) == SIGBUS);
    CHECK(SIGNAL_OF(__asm__ volatile("ldrex r4, [%0]" ::"r"(at) : "r4", "memory")) == SIGBUS);
    CHECK(SIGNAL_OF(__asm__ volatile("ldrexd r4, r5, [%0]" ::"r"(at) : "r4", "r5", "memory")) == SIGBUS);
}

static long count(const char* name) { return field("/proc/cpu/alignment", name); }
static void set_mode(const char* mode) {
    const int fd = open("/proc/cpu/alignment", O_WRONLY);
    CHECK(write(fd, mode, strlen(mode)) == (ssize_t)strlen(mode));
    close(fd);
}
static void several(void) { __asm__ volatile("ldmia %0, {r5, r6}" ::"r"(bytes + 1) : "r5", "r6", "memory"); }
static void pair(void) { __asm__ volatile("ldrd r4, r5, [%0]" ::"r"(bytes + 1) : "r4", "r5", "memory"); }
static void other(void) { __asm__ volatile(".fpu neon\n vldr d0, [%0]" ::"r"(bytes + 1) : "memory"); }

static void counters(void) {
    static const struct {
        void (*access)(void);
        int user, skipped, dword, multi;
    } rows[] = {{several, 1, 0, 0, 1}, {pair, 1, 0, 1, 0}, {other, 1, 1, 0, 0}};
    for (unsigned i = 0; i < 3; ++i) {
        const long user = count("User"), skipped = count("Skipped"), dword = count("DWord"), multi = count("Multi");
        (void)SIGNAL_OF(rows[i].access());
        CHECK(count("User") - user == rows[i].user && count("Skipped") - skipped == rows[i].skipped);
        CHECK(count("DWord") - dword == rows[i].dword && count("Multi") - multi == rows[i].multi);
    }
    CHECK(count("System") == 0 && count("Half") == 0 && count("Word") == 0);
    CHECK(count("User faults") == 2);
    set_mode("4\n");
    CHECK(count("User faults") == 4);
    CHECK(SIGNAL_OF(several()) == SIGBUS);
    CHECK(SIGNAL_OF(pair()) == SIGBUS);
    set_mode("0\n"); // which cannot be: it would only fault again
    CHECK(count("User faults") == 2);
    set_mode("x9\n");
    CHECK(count("User faults") == 2);
    set_mode("3\n");
    CHECK(count("User faults") == 3 && SIGNAL_OF(several()) == 0);
    set_mode("2");
    CHECK(SIGNAL_OF(several()) == 0);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    void (*const cases[])(void) = {arm_ldmia,         arm_ldmia_back,   arm_ldmib,         arm_ldmda,
                                   arm_ldmdb,         arm_stmia,        arm_stmib,         arm_stmda,
                                   arm_stmdb,         arm_condition,    arm_ldrd,          arm_ldrd_offset,
                                   arm_ldrd_before,   arm_ldrd_after,   arm_ldrd_register, arm_ldrd_register_after,
                                   arm_strd,          arm_strd_after,   thumb_ldm,         thumb_ldm_wide,
                                   thumb_ldmdb,       thumb_stm,        thumb_stmdb,       thumb_ldrd,
                                   thumb_ldrd_before, thumb_ldrd_after, thumb_strd,        thumb_strd_after,
                                   thumb_it};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; ++i)
        cases[i]();
    CHECK(jump() == 4);
    signals();
    counters();
    return finish();
}
