// storm_robust [ROUNDS | SECONDSs]: processes share one robust mutex, and have children that die while they hold it: by
// exit, by a signal, or as a thread of a process that goes on. The next owner must learn of the death. As many deaths
// must be noticed as there were, and the count that the mutex guards must be exact.
#include <asm/signal.h>

#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/storm.hpp>
#include <ulib/sync.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

struct Shared {
    RobustMutex mutex;
    unsigned count; // guarded by the mutex, as the next two are
    unsigned deaths;
    unsigned noticed;
};
Shared* shared;

void lock_and_count(RobustList& list) {
    if (shared->mutex.lock(list))
        ++shared->noticed;
    ++shared->count;
}

void die_with_the_mutex(RobustList& list) {
    lock_and_count(list);
    ++shared->deaths;
}

void child_dies(bool by_signal) {
    const int child = static_cast<int>(must(sys_fork(), "storm_robust: fork"));
    if (child == 0) {
        static RobustList list;
        die_with_the_mutex(list);
        if (by_signal)
            sys_kill(static_cast<int>(sys_getpid()), SIGKILL);
        sys_exit_group(0);
    }
    int status = 0;
    must(sys_wait4(child, &status), "storm_robust: wait4");
    if (shell_status(status) != (by_signal ? 128 + SIGKILL : 0))
        fail("storm_robust: a child ended with %d\n", shell_status(status));
}

void thread_dies() {
    Thread thread;
    must(thread.start(
             [](void*) {
                 static RobustList list; // used by one thread at a time
                 die_with_the_mutex(list);
             },
             nullptr),
         "storm_robust: clone");
    thread.join();
}

void live(unsigned rounds) {
    RobustList list;
    for (unsigned round = 0; round < rounds; ++round) {
        lock_and_count(list);
        shared->mutex.unlock(list);
        if (round % 3 == 2)
            thread_dies();
        else
            child_dies(round % 3 == 1);
    }
    sys_exit_group(0);
}

void storm(unsigned processes, unsigned rounds) {
    shared->count = shared->deaths = shared->noticed = 0;
    for (unsigned i = 0; i < processes; ++i)
        if (must(sys_fork(), "storm_robust: fork") == 0)
            live(rounds);
    for (unsigned i = 0; i < processes; ++i) {
        int status = 0;
        must(sys_wait4(-1, &status), "storm_robust: wait4");
        if (shell_status(status) != 0)
            fail("storm_robust: a process ended with %d\n", shell_status(status));
    }
    RobustList list;
    lock_and_count(list); // notices the last death, if no process locked the mutex after it
    shared->mutex.unlock(list);
    if (shared->count != 2 * processes * rounds + 1 || shared->deaths != processes * rounds ||
        shared->noticed != shared->deaths)
        fail("storm_robust: %u counted, %u deaths, %u noticed, in %u rounds of %u processes\n", shared->count,
             shared->deaths, shared->noticed, rounds, processes);
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 50, 6);
    const long at = sys_mmap2(nullptr, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(is_error(at) ? at : 0, "storm_robust: mmap");
    shared = reinterpret_cast<Shared*>(at);
    const unsigned processes = cpu_count() + 1;
    do
        storm(processes, length.rounds());
    while (length.again());
    print("storm_robust: %u processes, %u rounds, every death noticed\n", processes, length.played());
    return 0;
}
