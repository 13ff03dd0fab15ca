// Processes and threads, from their start to their end; and signals.
#include <linux/signal.h>

#include <ulib/signal.hpp>

#include "tests/bench/program/threads.hpp"

namespace faultline::bench {

namespace {

void fork_and_wait() {
    const long child = fork();
    if (child == 0)
        leave();
    sys_wait4(static_cast<int>(child), nullptr);
}

s64 fork_exit_wait(const char* name, unsigned times) {
    Figure figure(name);
    measure(figure, times, [](unsigned) { fork_and_wait(); });
    return figure.median();
}

} // namespace

void measure_processes() {
    const s64 small = fork_exit_wait("fork_exit_wait_small", 20);
    {
        const Region region(4096); // 16 MiB
        region.write();
        const s64 large = fork_exit_wait("fork_exit_wait_16MiB_dirty", 2);
        Figure("fork_extra_per_dirty_page").add_tenths((large - small) / s64{region.pages});
    }
    const Region stack(2);
    Word& exit_word = *new (stack.start) Word{0};
    *stack.page(1) = 0;
    Figure figure("thread_create_exit_join");
    measure(figure, 20, [&](unsigned) {
        start_thread(stack.page(2), [](void*) {}, nullptr, &exit_word);
        join(exit_word);
    });
}

// A child that runs this program again and ends.
void measure_exec() {
    Figure figure("fork_exec_exit_wait");
    measure(figure, 10, [](unsigned) {
        const long child = fork();
        if (child == 0) {
            char program[] = "/init", argument[] = "leave";
            char* const argv[] = {program, argument, nullptr};
            char* const environment[] = {nullptr};
            sys_execve(program, argv, environment);
            system_call(__NR_exit_group, 1);
        }
        int status = 0;
        sys_wait4(static_cast<int>(child), &status);
        require(status == 0, "exec", status);
    });
}

// fork, exit and wait while 1,000 other children are alive and asleep.
void measure_children() {
    constexpr unsigned CHILDREN = 1000;
    const Region page(1, MAP_SHARED);
    Word& end = *new (page.start) Word{0};
    for (unsigned i = 0; i < CHILDREN; ++i)
        if (fork() == 0) {
            while (end.load(std::memory_order_relaxed) == 0)
                futex_wait(&end, 0);
            leave();
        }
    for (unsigned i = 0; i < 3; ++i)
        sys_sched_yield();
    fork_exit_wait("fork_exit_wait_1000_children", 20);
    end = 1;
    futex_wake(&end, CHILDREN);
    for (unsigned i = 0; i < CHILDREN; ++i)
        sys_wait4(-1, nullptr);
}

// A signal to oneself, its handler, and the way back.
void measure_signals() {
    require(set_signal_handler(SIGUSR1, [](int, siginfo_t*, void*) {}) == 0, "rt_sigaction");
    const int id = static_cast<int>(sys_getpid());
    Figure figure("signal_tgkill_handler_return");
    measure(figure, 500, [id](unsigned) { sys_tgkill(id, id, SIGUSR1); });
}

} // namespace faultline::bench
