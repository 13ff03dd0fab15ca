// storm_fork [ROUNDS | SECONDSs]: one process for each processor, and one more, fork several children in every round.
// Each child writes to the memory that it inherited, and ends by itself, by a signal, or as another program. Its parent
// must get exactly that status. Under `init balanced` the machine must have as many free pages afterwards as before.
#include <cstring>

#include <asm/signal.h>

#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/storm.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

extern "C" char** environ;

using namespace faultline;

namespace {

constexpr int LITTER = 4, LEAF_STATUS = 42, SHARED_PAGES = 8;

unsigned char memory[SHARED_PAGES * 4096];

[[noreturn]] void live(int kind, char* self) {
    for (unsigned page = 0; page < SHARED_PAGES; ++page) {
        if (memory[page * 4096] != page)
            sys_exit_group(100);
        memory[page * 4096] = static_cast<unsigned char>(100 + kind);
    }
    char leaf[] = "--leaf";
    char* words[] = {self, leaf, nullptr};
    if (kind == 1)
        sys_kill(static_cast<int>(sys_getpid()), SIGKILL);
    if (kind == 2)
        sys_execve(self, words, environ);
    Thread thread; // a child that exits while another of its threads still sleeps
    if (kind == 3 && thread.start([](void*) { sys_pause(); }, nullptr) != 0)
        sys_exit_group(101);
    sys_exit_group(kind);
}

int expected(int kind) { return kind == 1 ? 128 + SIGKILL : kind == 2 ? LEAF_STATUS : kind; }

void litter(char* self) {
    int children[LITTER];
    for (int kind = 0; kind < LITTER; ++kind) {
        children[kind] = static_cast<int>(must(sys_fork(), "storm_fork: fork"));
        if (children[kind] == 0)
            live(kind, self);
    }
    for (int i = 0; i < LITTER; ++i) {
        int status = 0;
        const long child = must(sys_wait4(-1, &status), "storm_fork: wait4");
        int kind = 0;
        while (kind < LITTER && children[kind] != child)
            ++kind;
        if (kind == LITTER || shell_status(status) != expected(kind))
            fail("storm_fork: child %ld, number %d, ended with %d\n", child, kind, shell_status(status));
        children[kind] = 0; // each counts once
    }
}

void storm(unsigned parents, unsigned rounds, char* self) {
    for (unsigned i = 0; i < parents; ++i)
        if (must(sys_fork(), "storm_fork: fork") == 0) {
            for (unsigned round = 0; round < rounds; ++round)
                litter(self);
            sys_exit_group(0);
        }
    for (unsigned i = 0; i < parents; ++i) {
        int status = 0;
        must(sys_wait4(-1, &status), "storm_fork: wait4");
        if (shell_status(status) != 0)
            fail("storm_fork: a parent ended with %d\n", shell_status(status));
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--leaf") == 0)
        return LEAF_STATUS;
    StormLength length(argc, argv, 20, 1);
    for (unsigned page = 0; page < SHARED_PAGES; ++page)
        memory[page * 4096] = static_cast<unsigned char>(page);
    const unsigned parents = cpu_count() + 1;
    do
        storm(parents, length.rounds(), argv[0]);
    while (length.again());
    print("storm_fork: %u parents, %u rounds of %d children\n", parents, length.played(), LITTER);
    return 0;
}
