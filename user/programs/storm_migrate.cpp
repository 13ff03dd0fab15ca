// storm_migrate [ROUNDS | SECONDSs]: pairs of threads, and pairs of processes, hand a turn back and forth, by futex and
// by pipe, each time on another processor. No turn is lost or taken twice, and each side sees what the other wrote just
// before.
#include <initializer_list>

#include <ulib/cpus.hpp>
#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/storm.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned PAIRS = 2;

unsigned rounds = 200;
unsigned cpus = 1;

// The thread whose parity `turn` has may go. `sum` is not atomic: the turn guards it.
struct Pair {
    Thread threads[2];
    Word turn{0};
    unsigned sum = 0;
};
Pair pairs[PAIRS];

void play(Pair& pair, unsigned self, unsigned seed) {
    for (unsigned round = 0; round < rounds; ++round) {
        run_on((round * (2 * self + 1) + seed) % cpus);
        const unsigned mine = 2 * round + self;
        for (unsigned now = pair.turn; now != mine; now = pair.turn)
            futex_wait(&pair.turn, now, FUTEX_PRIVATE_FLAG);
        if (pair.sum != mine)
            fail("storm_migrate: turn %u finds %u\n", mine, pair.sum);
        ++pair.sum;
        pair.turn = mine + 1;
        futex_wake(&pair.turn, 1, FUTEX_PRIVATE_FLAG);
    }
}

template <unsigned Self>
void player(void* argument) {
    Pair& pair = *static_cast<Pair*>(argument);
    play(pair, Self, static_cast<unsigned>(&pair - pairs));
}

// Adds one to each number that it reads, and passes it on.
void relay(int from, int to, unsigned self, unsigned first) {
    for (unsigned round = 0; round < rounds; ++round) {
        run_on((round + self) % cpus);
        unsigned value = first;
        if (round != 0 || self != 0)
            must(sys_read(from, &value, sizeof value), "storm_migrate: read");
        if (value != 2 * round + self)
            fail("storm_migrate: %u came through the pipe, expected %u\n", value, 2 * round + self);
        ++value;
        must(sys_write(to, &value, sizeof value), "storm_migrate: write");
    }
}

void pass_through_pipes() {
    int there[2], back[2], status = 0;
    must(sys_pipe(there), "storm_migrate: pipe");
    must(sys_pipe(back), "storm_migrate: pipe");
    const int child = static_cast<int>(must(sys_fork(), "storm_migrate: fork"));
    if (child == 0) {
        relay(there[0], back[1], 1, 0);
        sys_exit_group(0);
    }
    relay(back[0], there[1], 0, 0);
    for (const int end : {there[0], there[1], back[0], back[1]})
        sys_close(end);
    must(sys_wait4(child, &status), "storm_migrate: wait4");
    if (shell_status(status) != 0)
        fail("storm_migrate: the other process ended with %d\n", shell_status(status));
}

void storm() {
    for (Pair& pair : pairs) {
        pair.turn = pair.sum = 0;
        must(pair.threads[0].start(player<0>, &pair), "storm_migrate: clone");
        must(pair.threads[1].start(player<1>, &pair), "storm_migrate: clone");
    }
    for (Pair& pair : pairs)
        for (Thread& thread : pair.threads)
            thread.join();
    for (const Pair& pair : pairs)
        if (pair.sum != 2 * rounds)
            fail("storm_migrate: %u turns, expected %u\n", pair.sum, 2 * rounds);
    pass_through_pipes();
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 200, 10);
    rounds = length.rounds();
    cpus = cpu_count();
    do
        storm();
    while (length.again());
    print("storm_migrate: %u rounds on %u processors, every turn once\n", length.played(), cpus);
    return 0;
}
