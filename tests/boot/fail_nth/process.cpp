// Processes and threads: made, turned into another program, ended.
#include <cstddef>
#include <cstdint>
#include <new>

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/sched.h>

#include <ulib/futex.hpp>
#include <ulib/thread.hpp>

#include "tests/boot/fail_nth/scenario.hpp"

namespace faultline::fail_nth {

namespace {

constexpr const char* SCRIPT = "/tmp/fail_nth/script";
char* const AREA = reinterpret_cast<char*>(0x20000000);

char* areas = nullptr;

// Memory of several kinds, in several areas and tables, so that a copy of it takes more than one allocation of each kind.
void make_areas() {
    constexpr int FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    for (unsigned i = 0; i < 3; ++i) {
        char* const at = AREA + i * (4u << 20);
        must(sys_mmap2(at, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE, FLAGS, -1, 0), "fail_nth: mmap");
        *at = 1;
    }
    areas = map(2 * PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS);
    *areas = 1;
}
void unmake_areas() {
    sys_munmap(AREA, 12u << 20);
    unmap(areas, 2 * PAGE_SIZE);
}

// Ends a child that sleeps, or has ended, and takes its status.
const char* reap(long child) {
    if (!is_error(child)) {
        int status = 0;
        sys_kill(static_cast<int>(child), SIGKILL);
        sys_wait4(static_cast<int>(child), &status, __WALL);
    }
    unmake_areas();
    return nullptr;
}

long fork_sleeper(long child) {
    if (child == 0)
        for (;;)
            sys_pause();
    return child;
}

Thread thread;
void start_pausing_thread() {
    const auto pause_for_ever = [](void*) {
        for (;;)
            sys_pause();
    };
    must(thread.start(pause_for_ever, nullptr), "fail_nth: clone");
}
int pidfd = -1;

struct CloneArgs { // struct clone_args, its first version
    unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

constexpr const char* SELF = "/bin/fail_nth";
const char* const after_exec_argv[] = {SELF, "--after-exec", nullptr};
const char* const no_environment[] = {nullptr};
const char* many[600];

long exec(const char* path, const char* const* argv) {
    return sys_execve(path, const_cast<char* const*>(argv), const_cast<char* const*>(no_environment));
}

// What a process gives back, or repairs, when it ends: locks of both kinds on a page of its own or of all, areas, files, a
// timer, an operation on a semaphore, a thread.
struct RobustLock {
    RobustLock* next;
    Word word;
};
struct RobustList {
    RobustLock* first;
    long offset;
    RobustLock* pending;
} robust_list;

void have_everything() {
    make_areas();
    constexpr int IPC_PRIVATE = 0, CREAT_600 = 01000 | 0600, RMID = 0;
    static const struct {
        unsigned short number;
        short operation, flags;
    } operation{0, 1, 010000};
    auto* const lock = reinterpret_cast<RobustLock*>(areas + PAGE_SIZE);
    new (lock) RobustLock{reinterpret_cast<RobustLock*>(&robust_list), static_cast<u32>(sys_gettid())};
    robust_list = {lock, offsetof(RobustLock, word), nullptr};
    must(system_call(__NR_set_robust_list, &robust_list, sizeof robust_list), "fail_nth: set_robust_list");
    sys_mprotect(areas, 2 * PAGE_SIZE,
                 PROT_READ); // and its page must be made writable before the lock is given up: it cannot
    int ends[2], timer;
    must(sys_pipe(ends), "fail_nth: pipe");
    must(system_call(__NR_timer_create, 1, nullptr, &timer), "fail_nth: timer_create");
    const int set = static_cast<int>(must(system_call(__NR_semget, IPC_PRIVATE, 1, CREAT_600), "fail_nth: semget"));
    must(system_call(__NR_semop, set, &operation, 1), "fail_nth: semop");
    must(system_call(__NR_semctl, set, 0, RMID), "fail_nth: semctl");
    start_pausing_thread();
}
// The kernel writes to it at the end, and must bring it in for that.
void have_a_lock_that_is_not_there() {
    make_areas();
    char* const page = AREA + PAGE_SIZE;
    robust_list = {reinterpret_cast<RobustLock*>(page), offsetof(RobustLock, word), nullptr};
    must(system_call(__NR_set_robust_list, &robust_list, sizeof robust_list), "fail_nth: set_robust_list");
    system_call(__NR_set_tid_address, page + 2 * PAGE_SIZE);
}
void allow_a_core() {
    const unsigned long long both[2] = {~0ull, ~0ull};
    make_areas();
    must(system_call(__NR_chdir, PLACE), "fail_nth: chdir");
    must(system_call(__NR_prlimit64, 0, 4, both, nullptr), "fail_nth: prlimit64"); // RLIMIT_CORE
}
const char* remove_core(long) {
    sys_unlink("/tmp/fail_nth/core");
    return nullptr;
}

constexpr Scenario scenarios[] = {
    {.name = "fork",
     .at_least = 17,
     .run = [] { return fork_sleeper(sys_fork()); },
     .prepare = make_areas,
     .undo = reap},
    {.name = "vfork",
     .at_least = 5,
     .run =
         [] {
             const long child = system_call(__NR_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0);
             if (child == 0)
                 sys_exit_group(0);
             return child;
         },
     .prepare = make_areas,
     .undo = reap},
    {.name = "clone3 with a pidfd",
     .at_least = 21,
     .run =
         [] {
             CloneArgs arguments{};
             arguments.flags = CLONE_PIDFD;
             arguments.pidfd = reinterpret_cast<unsigned long>(&pidfd);
             arguments.exit_signal = SIGCHLD;
             return fork_sleeper(system_call(__NR_clone3, &arguments, sizeof arguments));
         },
     .prepare = make_areas,
     .undo =
         [](long child) {
             if (!is_error(child))
                 sys_close(pidfd);
             return reap(child);
         },
     .also = -EFAULT}, // its own page, which the fork has just shared
    {.name = "clone makes a thread",
     .at_least = 3,
     .run = [] { return thread.start([](void*) {}, nullptr); },
     .undo = [](long result) -> const char* {
         if (!is_error(result))
             thread.join();
         return nullptr;
     }},
    {.name = "unshared files", // of a child with a table of its own, which is larger than the smallest
     .at_least = 17,
     .run = [] { return fork_sleeper(sys_fork()); },
     .prepare =
         [] {
             make_areas();
             must(system_call(__NR_fcntl64, 0, F_DUPFD, 300), "fail_nth: F_DUPFD");
         },
     .undo =
         [](long child) {
             sys_close(300);
             return reap(child);
         }},
    {.name = "execve of an ELF file",
     .at_least = 12,
     .run = [] { return exec(SELF, after_exec_argv); },
     .replaces = true},
    {.name = "execve of a script",
     .at_least = 14,
     .run = [] { return exec(SCRIPT, after_exec_argv); },
     .prepare =
         [] {
             const int fd = static_cast<int>(must(sys_open(SCRIPT, O_WRONLY | O_CREAT | O_TRUNC, 0700), SCRIPT));
             must(sys_write(fd, "#!/bin/fail_nth --after-exec\n", 29), SCRIPT);
             sys_close(fd);
         },
     .replaces = true},
    {.name = "execve with many arguments",
     .at_least = 26,
     .run = [] { return exec(SELF, many); },
     .prepare =
         [] {
             many[0] = SELF;
             many[1] = "--after-exec";
             for (unsigned i = 2; i < 599; ++i)
                 many[i] = "an argument that, with hundreds of its like, needs more than one page";
         },
     .also = -E2BIG,
     .replaces = true},
    {.name = "execve of one of several threads",
     .at_least = 15,
     .run = [] { return exec(SELF, after_exec_argv); },
     .prepare = start_pausing_thread,
     .replaces = true},
    {.name = "exit_group with much to give back",
     .at_least = 0,
     .run = []() -> long { sys_exit_group(0); },
     .prepare = have_everything,
     .ends = true},
    {.name = "exit with a robust lock that is not there",
     .at_least = 2,
     .run = []() -> long { sys_exit(0); },
     .prepare = have_a_lock_that_is_not_there,
     .ends = true},
    {.name = "a core dump",
     .at_least = 29,
     .run = []() -> long {
         sys_kill(static_cast<int>(sys_getpid()), SIGSEGV);
         return 0;
     },
     .prepare = allow_a_core,
     .undo = remove_core,
     .ends = true},
};

} // namespace

std::span<const Scenario> process_scenarios() { return scenarios; }

} // namespace faultline::fail_nth
