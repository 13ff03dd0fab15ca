// sigaction(2), sigprocmask(2), sigaltstack(2), sigsuspend(2), signal(7): handlers, masks, stacks, restarts.
#include "tests/conformance/checks/check.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

static volatile sig_atomic_t caught, last, nested, was_blocked, depth;
static siginfo_t info;

static void count(int signal) {
    ++caught;
    last = signal;
}
static void with_info(int signal, siginfo_t* given, void* context) {
    (void)context;
    count(signal);
    info = *given;
}
static void install(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(signal, &action, NULL);
}
static sigset_t only(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}
static int is_pending(int signal) {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, signal);
}

static void errors(void) {
    struct sigaction action = {.sa_handler = count};
    FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
    FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL);
    FAILS(sigaction(0, &action, NULL), EINVAL);
    FAILS(sigaction(65, &action, NULL), EINVAL);
    FAILS(sigaction(-1, NULL, NULL), EINVAL);
    WORKS(sigaction(SIGKILL, NULL, &action));
    FAILS(syscall(SYS_rt_sigaction, SIGUSR1, (void*)-1, NULL, 8), EFAULT);
    FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, (void*)-1, 8), EFAULT);
    FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    FAILS(sigprocmask(77, &action.sa_mask, NULL), EINVAL);
    FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void*)-1, NULL, 8), EFAULT);
    FAILS(syscall(SYS_rt_sigpending, (void*)-1, 8), EFAULT);
    FAILS(syscall(SYS_rt_sigpending, (void*)-1, 16), EINVAL);
    FAILS(raise(65), EINVAL);
    FAILS(syscall(SYS_rt_sigsuspend, (void*)-1, 8), EFAULT);
}

static void every_signal(void) {
    for (int signal = 1; signal <= 64; ++signal) {
        if (signal == SIGKILL || signal == SIGSTOP || signal == 32 || signal == 33)
            continue;
        install(signal, count, 0);
        caught = 0;
        raise(signal);
        CHECK(caught == 1 && last == signal);
        install(signal, SIG_IGN, 0);
        raise(signal);
        CHECK(caught == 1);
        install(signal, SIG_DFL, 0);
    }
}

static void default_actions(void) {
    const int kills[] = {SIGHUP,  SIGINT,    SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,
                         SIGUSR1, SIGSEGV,   SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU,
                         SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGSYS,  34,        64};
    const struct rlimit no_core = {0, 0};
    for (unsigned i = 0; i < sizeof kills / sizeof *kills; ++i) {
        const int status = IN_CHILD(setrlimit(RLIMIT_CORE, &no_core); raise(kills[i]));
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == kills[i]);
    }
    CHILD_OK(raise(SIGCHLD); raise(SIGCONT); raise(SIGURG); raise(SIGWINCH));
}

static void in_mask(int signal) {
    (void)signal;
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    was_blocked = sigismember(&now, SIGUSR1) | sigismember(&now, SIGUSR2) << 1;
}

static void masks(void) {
    struct sigaction action = {.sa_handler = in_mask, .sa_mask = only(SIGUSR2)}, seen;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK(was_blocked == 3);
    sigaction(SIGUSR1, NULL, &seen);
    CHECK(seen.sa_handler == in_mask && sigismember(&seen.sa_mask, SIGUSR2) == 1);
    action.sa_flags = SA_NODEFER;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK(was_blocked == 2);
    action.sa_flags = SA_RESETHAND;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &seen);
    CHECK(seen.sa_handler == SIG_DFL && was_blocked == 3);

    sigset_t all, before, now;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP) && sigismember(&now, SIGTERM));
    install(SIGUSR1, count, 0);
    caught = 0;
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK(caught == 0 && is_pending(SIGUSR1) && !is_pending(SIGUSR2));
    sigprocmask(SIG_SETMASK, &before, NULL);
    CHECK(caught == 1 && !is_pending(SIGUSR1)); // the two have merged

    const sigset_t usr1 = only(SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    install(SIGUSR1, SIG_IGN, 0); // discards the pending signal
    CHECK(!is_pending(SIGUSR1));
    raise(SIGUSR1); // but a new one stays pending, because it is blocked
    CHECK(is_pending(SIGUSR1));
    install(SIGUSR1, count, 0);
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    CHECK(caught == 2);
    CHILD_OK(sigprocmask(SIG_BLOCK, NULL, &now); CHECK(!sigismember(&now, SIGUSR1)));
}

static void suspend(void) {
    const sigset_t usr1 = only(SIGUSR1);
    sigset_t none, now;
    sigemptyset(&none);
    install(SIGUSR1, in_mask, 0);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    FAILS(sigsuspend(&none), EINTR);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1) && !is_pending(SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    install(SIGALRM, count, SA_RESTART);
    alarm(1);
    FAILS(pause(), EINTR); // even with SA_RESTART
}

static void fault_handler(int signal, siginfo_t* given, void* context) {
    info = *given;
    last = signal;
    ((ucontext_t*)context)->uc_mcontext.arm_pc += 4; // past the load
}

__attribute__((noinline, target("arm"))) static void load(const volatile void* address) {
    __asm__ volatile("ldr r3, [%0]" ::"r"(address) : "r3", "memory");
}

static void siginfo(void) {
    struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    kill(getpid(), SIGUSR1);
    CHECK(info.si_signo == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getpid() && info.si_uid == getuid());
    raise(SIGUSR1);
    CHECK(info.si_code == SI_TKILL && info.si_pid == getpid());
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711});
    CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == 4711);
    sigaction(SIGCHLD, &action, NULL);
    const pid_t child = fork();
    if (child == 0)
        _exit(42);
    waitpid(child, NULL, 0);
    CHECK(last == SIGCHLD && info.si_code == CLD_EXITED && info.si_pid == child && info.si_status == 42);
    install(SIGCHLD, SIG_DFL, 0);
    action.sa_sigaction = fault_handler;
    sigaction(SIGSEGV, &action, NULL);
    load((void*)0x10);
    CHECK(last == SIGSEGV && info.si_code == SEGV_MAPERR && info.si_addr == (void*)0x10);
    const volatile char* closed = anonymous(1, PROT_NONE);
    load(closed + 8);
    CHECK(info.si_code == SEGV_ACCERR && info.si_addr == closed + 8);
    install(SIGSEGV, SIG_DFL, 0);
    DIES(install(SIGSEGV, SIG_IGN, 0); load((void*)0x10), SIGSEGV);
    DIES(const sigset_t segv = only(SIGSEGV); install(SIGSEGV, count, 0); sigprocmask(SIG_BLOCK, &segv, NULL);
         load((void*)0x10), SIGSEGV);
}

static char stack_area[4 * 8192] __attribute__((aligned(16)));
static volatile int on_stack;

static void on_which(int signal) {
    (void)signal;
    char here;
    stack_t now;
    sigaltstack(NULL, &now);
    on_stack = &here >= stack_area && &here < stack_area + sizeof stack_area;
    CHECK(on_stack == ((now.ss_flags & SS_ONSTACK) != 0));
    if (on_stack) {
        stack_t off = {.ss_flags = SS_DISABLE};
        FAILS(sigaltstack(&off, NULL), EPERM);
    }
}

static volatile int overflowed;
static void overflow_handler(int signal) {
    (void)signal;
    overflowed = 1;
    _exit(7);
}
__attribute__((noinline)) static int recurse(int n) {
    volatile char frame[512];
    frame[0] = (char)n;
    return recurse(n + 1) + frame[0];
}

static void small_stack(void) {
    const struct rlimit small = {1 << 18, RLIM_INFINITY};
    setrlimit(RLIMIT_STACK, &small);
}

static void alternate_stack(void) {
    stack_t stack = {.ss_sp = stack_area, .ss_size = sizeof stack_area}, seen;
    sigaltstack(NULL, &seen);
    CHECK(seen.ss_flags == SS_DISABLE);
    WORKS(sigaltstack(&stack, NULL));
    install(SIGUSR1, on_which, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(on_stack == 1);
    install(SIGUSR1, on_which, 0);
    raise(SIGUSR1);
    CHECK(on_stack == 0);
    CHILD_OK(stack_t inherited; sigaltstack(NULL, &inherited); CHECK(inherited.ss_sp == stack_area));
    stack.ss_size = 100;
    FAILS(sigaltstack(&stack, NULL), ENOMEM);
    stack.ss_size = sizeof stack_area;
    stack.ss_flags = 12345;
    FAILS(sigaltstack(&stack, NULL), EINVAL);
    FAILS(sigaltstack((void*)-1, NULL), EFAULT);
    const int status = IN_CHILD(small_stack(); install(SIGSEGV, overflow_handler, SA_ONSTACK); recurse(0));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    DIES(small_stack(); install(SIGSEGV, overflow_handler, 0); recurse(0), SIGSEGV);
}

// nanosleep(2) by hand. Returns what is in r7 afterwards, where the number of the call was.
static long number_after_sleep(const struct timespec* span, long* result) {
    register const void* r0 __asm__("r0") = span;
    register long r1 __asm__("r1") = 0, r2 __asm__("r2");
    __asm__ volatile("mov r3, r7\n\tmov r7, %[number]\n\tsvc 0\n\tmov r2, r7\n\tmov r7, r3"
                     : "+r"(r0), "=r"(r2)
                     : "r"(r1), [number] "I"(SYS_nanosleep)
                     : "r3", "memory");
    *result = (long)r0;
    return r2;
}

static void restarts(void) {
    int ends[2];
    char byte;
    pipe(ends);
    install(SIGALRM, count, 0);
    // repeats, in case the first comes too early
    const struct itimerval soon = {{0, 20000}, {0, 20000}}, stop = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &soon, NULL);
    FAILS(read(ends[0], &byte, 1), EINTR);
    install(SIGALRM, count, SA_RESTART);
    const pid_t child = fork();
    if (child == 0) {
        usleep(100000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    caught = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x' && caught >= 1);
    setitimer(ITIMER_REAL, &stop, NULL);
    int status;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    struct timespec long_time = {5, 0}, left = {0, 0};
    setitimer(ITIMER_REAL, &soon, NULL);
    FAILS(nanosleep(&long_time, &left), EINTR); // never restarted
    setitimer(ITIMER_REAL, &stop, NULL);
    CHECK(left.tv_sec == 4 && left.tv_nsec > 0);
    // A signal that runs no handler does not end a sleep.
    const pid_t stopped = fork();
    if (stopped == 0) {
        struct timespec start, end, span = {0, 200000000};
        clock_gettime(CLOCK_MONOTONIC, &start);
        long slept;
        const long number = number_after_sleep(&span, &slept);
        clock_gettime(CLOCK_MONOTONIC, &end);
        const long ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
        _exit(slept == 0 && ms >= 199 && number == SYS_nanosleep ? 0 : 1);
    }
    usleep(30000);
    kill(stopped, SIGSTOP);
    waitpid(stopped, &status, WUNTRACED);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(stopped, SIGCONT);
    waitpid(stopped, &status, 0);
    CHECK(status == 0);
}

static void nesting(int signal) {
    if (++depth > nested)
        nested = depth;
    if (signal == SIGUSR1)
        raise(SIGUSR2);
    --depth;
}

static void nested_handlers(void) {
    install(SIGUSR1, nesting, 0);
    install(SIGUSR2, nesting, 0);
    raise(SIGUSR1);
    CHECK(nested == 2 && depth == 0);
}

int main(void) {
    errors();
    every_signal();
    default_actions();
    masks();
    suspend();
    siginfo();
    alternate_stack();
    restarts();
    nested_handlers();
    return failures != 0;
}
